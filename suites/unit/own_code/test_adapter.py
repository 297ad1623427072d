"""An adapter stands where no data can: it is held to its Protocol, and what it raises is a sentence with its line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import Reason, Status
from checks.policy import load_policy
from cli import main
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.openers import OPENERS
from fixtures.deployment.target_file import read_target
from fixtures.own_code.adapter import read_adapter
from fixtures.own_code.python_file import PythonFileError
from suites.unit.own_code.gated import gated
from suites.unit.own_code.signed_clinic import EXAMPLE, signed_clinic

ADAPTER = (EXAMPLE / "clinic.py").read_text()
OPENS = "    return SignedApi(site)"
SENDS = "        return self._connections.exchange(request, said)"
LINE = ADAPTER[: ADAPTER.index("def open_api")].count("\n") + 1


def _judged(target: Path, check: str) -> tuple[Status, str]:
    deployment = Deployment(read_target(target))
    deployment.open_adapter()
    result = evaluate(read(check), deployment.find, load_policy("default"), target="clinic")
    deployment.close()
    return result.status, result.explanation


def test_an_application_that_no_data_describes_is_judged(tmp_path: Path) -> None:
    """Signed requests get in, others do not: the right verdict on a sound clinic and on a careless one."""
    (tmp_path / "sound").mkdir()
    with signed_clinic(tmp_path / "sound") as target:
        assert _judged(target, "access/role_matrix_enforced") == (Status.PASS, "")
        status, explanation = _judged(target, "access/session_expires")
        assert (status, "no administration" in explanation) == (Status.UNKNOWN, True)
    (tmp_path / "careless").mkdir()
    with signed_clinic(tmp_path / "careless", careless=True) as target:
        assert _judged(target, "access/role_matrix_enforced")[0] is Status.FAIL


def test_target_check_looks_through_it(tmp_path: Path) -> None:
    """It asks as every account, with the right key and with a wrong one."""
    with signed_clinic(tmp_path) as target:
        assert "reached" in CliRunner().invoke(main, ["target", "check", str(target)]).stdout
        target.write_text(target.read_text().replace("the clerk's key", "another key"))
        assert "clerk.b (HTTP 401)" in CliRunner().invoke(main, ["target", "check", str(target)]).stdout


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("    def accounts", "    def accounted"), "a SignedApi, is no Api: it lacks accounts()"),
        (("self.base_url, self.app", "self.url, self.app"), "it lacks base_url"),
        (("account: Account | None = None) -> R", "who: Account | None = None) -> R"), "its send does not take ("),
        (("request: Request, *, a", "request: Request, more: int, *, a"), "does not take (request, *, account=None)"),
        (("    def trail", "    async def trail"), "its trail is async"),
        (("    def accounts(self)", "    accounts = 3\n    def _accounts(self)"), "its accounts is no method"),
        (("class SignedApi:", "class SignedApi(Api):"), ""),
        (
            ("    return SignedApi(site)", "    del site"),
            "a NoneType, is no Api: it lacks base_url; it lacks",
        ),
        (("def open_api", "def open_app"), "open_app opens no kind of target; there are open_api, "),
        (("def open_api(site: Site)", "def open_api()"), "open_api must be a plain function of one argument"),
        (("def open_api", "def opens"), "opens nothing: define one of open_api, "),
        (("def open_api", "raise SystemExit(0)\ndef open_api"), "raises SystemExit when it is imported: 0"),
        (("def open_api", "def open_api(:\n"), "is not Python"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_an_adapter_that_is_none_is_one_sentence_with_its_line(
    change: tuple[str, str], sentence: str, tmp_path: Path
) -> None:
    """Exit code 2 before anything is judged; one that inherits from its Protocol is none for that."""
    assert change[0] in ADAPTER
    with signed_clinic(tmp_path, adapter=ADAPTER.replace(*change, 1)) as target:
        done = CliRunner().invoke(main, ["target", "check", str(target)])
    if not sentence:
        assert done.stderr == ""
        return
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert str(tmp_path / "clinic.py") in done.stderr
    assert "line " in done.stderr or "opens nothing" in sentence
    assert done.stderr.count("\n") == 1


def test_what_is_only_inherited_from_the_protocol_is_lacking(tmp_path: Path) -> None:
    """Its body is empty: a check that called it would have seen nothing, and nothing wrong."""
    inherited = ADAPTER.replace("class SignedApi:", "class SignedApi(Api):").replace("    def trail", "    def _trail")
    with signed_clinic(tmp_path, adapter=inherited) as target:
        deployment = Deployment(read_target(target))
        with pytest.raises(PythonFileError, match=rf"clinic\.py, line {LINE}: .* is no Api: it lacks trail\(\)$"):
            deployment.open_adapter()


@pytest.mark.parametrize("raised", ["KeyError('ward')", "SystemExit(0)", "OSError(5, 'gone')"])
@pytest.mark.parametrize("place", [OPENS, SENDS], ids=["opens", "sends"])
def test_what_it_raises_in_use_is_unknown_with_its_line(place: str, raised: str, tmp_path: Path) -> None:
    """Whether while it opens or while it looks."""
    indent = place[: len(place) - len(place.lstrip())]
    broken = ADAPTER.replace(place, f"{indent}raise {raised}")
    line = broken[: broken.index(f"raise {raised}")].count("\n") + 1
    with signed_clinic(tmp_path, adapter=broken) as target:
        status, explanation = _judged(target, "access/role_matrix_enforced")
        told = CliRunner().invoke(main, ["target", "check", str(target)])
    assert status is Status.UNKNOWN
    assert raised.partition("(")[0] in explanation
    assert f"{tmp_path / 'clinic.py'}, line {line}" in explanation
    assert (told.exit_code, told.stderr) == (3, "")


def test_not_declared_by_an_adapter_keeps_its_meaning(tmp_path: Path) -> None:
    with signed_clinic(tmp_path) as target:
        deployment = Deployment(read_target(target))
        result = evaluate(read("access/idle_session_ends"), deployment.find, load_policy("default"), target="clinic")
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.NOT_DECLARED)


def test_every_kind_can_be_adapted(tmp_path: Path) -> None:
    """By the name of its Protocol."""
    file = tmp_path / "all.py"
    file.write_text("".join(f"def open_{kind.__name__.lower()}(site): ...\n" for kind in OPENERS))
    assert set(read_adapter(file, OPENERS).openers) == set(OPENERS)


def test_a_gate_signs_which_adapter_it_looked_through(tmp_path: Path) -> None:
    """And ends with 2 before the self-proof where it is none."""
    with signed_clinic(tmp_path) as target:
        chosen = [f"--target={target}", f"--report-dir={tmp_path}"]
        done = gated(*chosen, "-k", "forged_tokens_refused and test_the_deployment")
        found = json.loads((tmp_path / "gate" / "latest" / "results.json").read_text())
        digest = hashlib.sha256(ADAPTER.encode()).hexdigest()
        assert found["own_files"] == [{"part": "adapter", "path": "clinic.py", "digest": digest}], done.stdout

        (tmp_path / "clinic.py").write_text(ADAPTER.replace("    def accounts", "    def accounted"))
        done = gated(*chosen)
        assert done.returncode == 2
        assert f"clinic.py, line {LINE}: what open_api gives" in done.stdout + done.stderr
        assert "PASSED" not in done.stdout
