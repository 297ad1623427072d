"""A name from a file, or what a server answers, is read: no parser stumbles over it, and no terminal obeys it."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from checks.model import Finding, Reason, Status, plain
from cli import main
from reports.document import ReportDocument, decode, encode
from reports.records import Identity
from reports.refusals import Refusal, VerificationError
from reports.render.allure import findings_html, findings_text, write_environment
from reports.render.junit import junit
from reports.render.terminal import print_summary
from reports.waivers import Waiver
from suites.unit.reports.report_samples import END, decided, document, result, rule

CLEARS = "\x1b[2J\x9b1;1Hclinic\r\x00\x08\ud800\ufffe\u202egpj"
NASTY = st.text(st.characters(codec=None, categories=("Cc", "Cf", "Cs", "Cn", "L", "Zl", "Zp")), max_size=30)


def _report(text: str) -> ReportDocument:
    """One in which the text stands wherever one from elsewhere can."""
    broken, unknown, waived = rule("one"), rule("two"), rule("three")
    finding = Finding(text, ok=False, message=text, remedy=text or "mend it", evidence=text)
    results = [
        result(broken, Status.FAIL, finding),
        result(unknown, Status.UNKNOWN, reason=Reason.CRASHED),
        result(waived, Status.FAIL, finding),
    ]
    told = {"owner": f"{text} somebody", "justification": f"{text} a reason of some length"}
    waiver = Waiver(check=waived.id, expires=END.date(), **told)
    decision = decided((broken, unknown, waived), results, waivers=(waiver,))
    sample = document(name=text)
    taken = {name: getattr(decision, name) for name in ("checks", "waivers", "rejections", "conditions")}
    return sample.model_copy(update=taken)


def _obeyed(text: str) -> set[str]:
    """The characters of a text that are more than a letter, a tab or the end of a line."""
    return {letter for letter in text if plain(letter) != letter}


def _printed(report: ReportDocument) -> str:
    page = io.StringIO()
    console = Console(file=page, width=100, color_system=None, highlight=False)
    print_summary(report, folder=Path("build"), verify_command="verify", console=console)
    return page.getvalue()


def test_a_name_that_clears_the_screen_is_only_read() -> None:
    """22. In junit.xml, on the terminal, in what Allure shows."""
    report = _report(CLEARS)
    root = ET.fromstring(junit(report))  # noqa: S314  our own

    assert root.attrib["name"] == "clinical-gate: \ufffd[2J\ufffd1;1Hclinic\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdgpj"
    assert len(root.findall(".//failure")) == 1
    assert len(root.findall(".//skipped")) == 1
    assert _obeyed(_printed(report)) == set()
    assert _obeyed(encode(report).decode()) == set()
    seen = result(rule("one"), Status.FAIL, Finding(CLEARS, ok=False, message=CLEARS, remedy=CLEARS))
    assert _obeyed(findings_text(seen.findings) + findings_html(seen.claim, seen.findings)) == set()


@given(NASTY)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_text_holds_the_report_can_be_read(text: str) -> None:
    report = _report(text)

    ET.fromstring(junit(report))  # noqa: S314  our own
    assert _obeyed(_printed(report)) == set()
    assert decode(encode(report)) == report


def test_a_report_of_somebody_else_is_only_read_too() -> None:
    """Whoever signs one may write into it what they like."""
    told = document().identity.model_dump(mode="json") | {"name": CLEARS}
    assert _obeyed(Identity.model_validate(told).name) == set()


def test_a_refusal_that_names_a_file_is_only_read() -> None:
    assert _obeyed(str(VerificationError(Refusal.EVIDENCE_ADDED, f"There is a file {CLEARS}."))) == set()


def test_the_environment_that_allure_shows_is_only_read(tmp_path: Path) -> None:
    write_environment(tmp_path, _report(CLEARS))
    assert _obeyed((tmp_path / "environment.properties").read_text()) == set()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('name = "clinic\\u001b[2J"', "1: name: it holds a control character"),
        ('name = "c"\n[trust]\nca = "\\u009b.crt"', "3: trust.ca: it holds a control character"),
        (
            'name = "c"\n[inference]\nservers = ["https://a\\u0007"]',
            "3: inference.servers: it holds a control character",
        ),
        ('name = "c"\n"\\u001b[2J" = 1', "1: \ufffd[2J: is not a key that is known here"),
    ],
)
def test_a_target_file_with_control_characters_is_refused_in_a_sentence(tmp_path: Path, lines: str, said: str) -> None:
    path = tmp_path / "target.toml"
    path.write_text(lines)
    done = CliRunner().invoke(main, ["target", "check", str(path)])

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"clinical-gate: target file {path}:{said}\n"
