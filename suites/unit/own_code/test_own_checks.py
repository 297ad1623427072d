"""Checks of a user's own: read beside the catalogue, refused in one sentence, proven and reported like any other."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.catalogue import CatalogueError, catalogue
from cli import main
from fixtures import REPOSITORY
from fixtures.own_code.checks import rulebook
from fixtures.own_code.python_file import PythonFileError
from reports.verify import read_envelope
from suites.unit.own_code.gated import gated

EXAMPLE = REPOSITORY / "examples" / "own_code" / "checks"
RULE = EXAMPLE / "data" / "cache_evicts_nothing.py"
SOUND = '''"""Something holds (SEC-1)."""
from checks.lab import EdgeFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Edge

def _broken(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws())

@check(gate=Gate.SECURITY, severity=Severity.HIGH, controls=("hipaa:164.312(b)",), violations=(_broken,))
def mine(edge: Edge):
    yield Finding("edge", ok=True, message="seen")
'''
# A target of a user's own making: its record of flaws builds it, and stands in for the lab's clean twin.
OWN_LAB = '''"""The pager of the ward answers (OUR-2)."""
from dataclasses import dataclass
from checks.lab import Flaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Inference, ModelServerState

class Pager:
    servers = ("pager",)
    def __init__(self, answers): self.answers = answers
    def state(self, server): return ModelServerState(server, self.answers, "", ())

@dataclass(frozen=True)
class PagerFlaws(Flaws[Inference]):
    answers: bool = True
    def build(self, bench) -> Inference:
        assert bench.host("pager").address
        return Pager(self.answers)

def _silent(lab: Lab) -> Inference:
    return lab.build(PagerFlaws(answers=False))

def _clean(lab: Lab) -> Inference:
    return lab.build(PagerFlaws())

@check(gate=Gate.OPERATIONS, severity=Severity.LOW, controls=("hipaa:164.312(b)",), violations=(_silent,), clean=_clean)
def pager(inference: Inference):
    yield Finding("pager", ok=inference.answers, message="asked", remedy="wake it")
'''


def _folder(tmp_path: Path, content: str, name: str = "mine.py") -> Path:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(content)
    return tmp_path


def _asked(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["checks", *arguments])


def test_own_checks_stand_behind_the_catalogue_under_ids_of_their_own() -> None:
    """With the digest of each file, and with controls of their own."""
    book = rulebook(EXAMPLE)
    assert book.rules[:-1] == catalogue()
    assert book.rules[-1].id == "own/data/cache_evicts_nothing"
    assert book.controls["ours:SEC-7"].citation == "Rules of our hospital, SEC-7"
    wanted = {"controls.toml": EXAMPLE / "controls.toml", "data/cache_evicts_nothing.py": RULE}
    assert book.files == {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in wanted.items()}


def test_a_check_named_like_one_of_the_catalogue_takes_no_place(tmp_path: Path) -> None:
    """Both are judged."""
    taken = "tls/legacy_protocols_refused"
    own = SOUND.replace("def mine(", "def legacy_protocols_refused(")
    ids = [rule.id for rule in rulebook(_folder(tmp_path, own, f"{taken}.py")).rules]
    assert [identity for identity in ids if taken in identity] == [taken, f"own/{taken}"]


def test_helpers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    """Each check imports the one beside it; both are in the digests."""
    helped = SOUND.replace('"""\n', '"""\nfrom _helper import CLAIM\n', 1).replace('"seen"', "CLAIM")
    for room in ("a", "b"):
        _folder(tmp_path, f'CLAIM = "{room}"', f"{room}/_helper.py")
        _folder(tmp_path, helped, f"{room}/mine.py")
    book = rulebook(tmp_path)
    assert [next(iter(rule.function(None))).message for rule in book.rules[-2:]] == ["a", "b"]
    assert set(book.files) == {"a/_helper.py", "a/mine.py", "b/_helper.py", "b/mine.py"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("def mine(:", "mine.py, line 1, is not Python: invalid syntax"),
        ("\nimport no_such_module", "mine.py, line 2 raises ModuleNotFoundError when it is imported: No module named"),
        ("\nraise SystemExit(0)", "mine.py, line 2 raises SystemExit when it is imported: 0"),
        ("import _helper", "_helper.py, line 1, is not Python"),
        ("", "mine.py: it must hold one public function, mine, marked with @check"),
        (SOUND.replace("@check(", "_ = dict("), "mine.py, line 10: it must hold one public function, mine, marked"),
        (SOUND.replace("def mine(", "def yours("), "mine.py, line 9: it must hold one public function, mine"),
        (SOUND.partition("\n")[2], "mine.py, line 1: there is no docstring to state its claim"),
        (SOUND.replace("(_broken,)", "()"), "mine.py, line 9: mine names no violation that it must catch"),
        (SOUND.replace("(_broken,)", "_broken"), "mine.py, line 9: the controls and violations of mine must be tuples"),
        (SOUND.replace("(_broken,)", '("broken",)'), "line 9: what builds a target for mine must be a function, not"),
        (SOUND.replace("(edge: Edge)", "(edge)"), "mine.py, line 9: mine must say what edge is"),
        (SOUND.replace("edge: Edge", "edge: 'Egde'"), "mine.py, line 9: an annotation of mine means nothing: name 'Eg"),
        (SOUND.replace("Gate.SECURITY", "'safety'"), "mine.py, line 9: mine must have a gate of Gate and a severity"),
        (
            SOUND.replace("164.312(b)", "1"),
            "mine.py, line 9: mine cites controls that controls.toml lacks: ",
        ),
        (SOUND.replace("(edge: Edge", "(lab: Lab, edge: Edge"), "mine.py, line 9: lab is no kind of target; there are"),
        (SOUND.replace("-> Edge", ""), "mine.py, line 6: _broken must be annotated with the target that it builds"),
    ],
)
def test_a_check_that_cannot_be_used_is_one_sentence_with_file_and_line(
    content: str, sentence: str, tmp_path: Path
) -> None:
    """Exit code 2, before anything is judged."""
    if "_helper" in content:
        _folder(tmp_path, "1 +", "_helper.py")
    done = _asked("list", "--checks", str(_folder(tmp_path, content)))
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.startswith("clinical-gate: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("controls.toml", "= 1", "controls.toml is not TOML: "),
        ("controls.toml", '["a:1"]\ntitle = "t"', "controls.toml: control a:1: citation: Field required"),
        (
            "controls.toml",
            '["hipaa:164.312(b)"]\ncitation = "c"\ntitle = "t"\nrequired = true',
            "control hipaa:164.312(b) is one of checks/controls.toml",
        ),
        ("a/b/deep.py", SOUND, "deep.py lies too deep: a check is a file of "),
        ("_only_a_helper.py", "", "holds no check"),
    ],
    ids=["no TOML", "lacks", "taken", "deep", "empty"],
)
def test_a_folder_that_cannot_be_used_is_one_sentence(name: str, content: str, sentence: str, tmp_path: Path) -> None:
    """None of its files is passed over in silence."""
    if not name.startswith("_"):
        _folder(tmp_path, SOUND)
    with pytest.raises((CatalogueError, PythonFileError)) as refused:
        rulebook(_folder(tmp_path, content, name))
    assert sentence in str(refused.value)


def test_an_own_check_is_proven_on_the_labs_violations() -> None:
    done = _asked("prove", "own/", "--checks", str(EXAMPLE))
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "2 of 2 proofs of 1 checks succeeded"), done.output


def test_an_own_record_of_flaws_builds_violation_and_clean_twin(tmp_path: Path) -> None:
    """And one that builds nothing is told how."""
    folder = _folder(tmp_path, OWN_LAB, "pager.py")
    done = _asked("prove", "own/", "--checks", str(folder))
    assert done.exit_code == 0, done.output

    _folder(tmp_path, OWN_LAB.replace("def build(", "def make("), "pager.py")
    done = _asked("prove", "own/", "--checks", str(folder))
    assert done.exit_code == 1
    assert "give PagerFlaws a method build(self, bench)" in done.stdout


def test_a_check_that_never_fails_is_not_proven(tmp_path: Path) -> None:
    done = _asked("prove", "own/", "--checks", str(_folder(tmp_path, SOUND)))
    assert done.exit_code == 1
    assert "UNPROVEN" in done.stdout


def test_a_gate_judges_by_them_and_signs_what_they_were(tmp_path: Path) -> None:
    """A deployment of nothing: UNKNOWN, as the user's own, and with the digest in the signed statement."""
    target = tmp_path / "target.toml"
    target.write_text('name = "mine"\n')
    chosen = [f"--target={target}", f"--checks={EXAMPLE}", f"--report-dir={tmp_path}", "-k", "cache_evicts_nothing"]
    done = gated(*chosen)
    folder = tmp_path / "gate" / "latest"
    found = json.loads((folder / "results.json").read_text())
    check = next(check for check in found["checks"] if check["id"] == "own/data/cache_evicts_nothing")
    assert (check["status"], check["proven"]) == ("UNKNOWN", True), done.stdout
    assert "no [cache] section" in check["explanation"]
    digest = hashlib.sha256(RULE.read_bytes()).hexdigest()
    assert {"part": "checks", "path": "data/cache_evicts_nothing.py", "digest": digest} in found["own_files"]
    envelope = json.loads(read_envelope(folder.resolve()))
    assert digest in base64.b64decode(envelope["payload"]).decode()
    assert f"data/cache_evicts_nothing.py ({digest[:12]})" in " ".join(done.stdout.split())


def test_a_gate_refuses_a_broken_check_before_anything_is_started(tmp_path: Path) -> None:
    done = gated(f"--checks={_folder(tmp_path, 'x = ')}")
    assert done.returncode == 2
    assert "mine.py, line 1, is not Python" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
