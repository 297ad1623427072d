"""A secret of a target file is in it, in a file, in the environment or what a command prints; and shows nowhere."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main as command_line
from fixtures.deployment.sections import AccountEntry, DatabaseSection
from fixtures.deployment.target_file import TargetError, TargetFile, read_target, write_target
from fixtures.hosts.files import write_private

SECRET = "s3cr3t-0f-n0b0dy"  # noqa: S105  of nobody
DATABASE = 'name = "mine"\n[database]\nhosts = ["db:5432"]\nname = "d"\nuser = "u"\napplication_role = "a"\n'
OTHERS = "password_file, password_env, password_command"


def _target(folder: Path, line: str, mode: int = 0o600) -> Path:
    path = folder / "target.toml"
    write_private(path, f"{DATABASE}{line}\n")
    path.chmod(mode)
    return path


def _password(path: Path) -> str:
    database = read_target(path).database
    assert database is not None
    return database.password


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret, wherever it may be found."""
    write_private(tmp_path / "kept", f"{SECRET}\n")
    monkeypatch.setenv("CLINIC_SECRET", SECRET)


@pytest.mark.parametrize(
    "line",
    [
        'password_file = "kept"',
        'password_env = "CLINIC_SECRET"',
        'password_command = ["cat", "kept"]',
        'password_command = "cat  kept"',
        """password_command = "sh -c 'printf %s \\"$CLINIC_SECRET\\"'" """,
    ],
)
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_secret_is_found_where_the_file_says(tmp_path: Path, line: str, mode: int) -> None:
    """Paths and commands from its folder, without a shell; the file itself holds none, so anybody may read it."""
    assert _password(_target(tmp_path, line, mode)) == SECRET


def test_a_secret_may_stand_in_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    """Also in one that was written by the harness."""
    path = _target(tmp_path, f'password = "{SECRET}"')
    assert _password(path) == SECRET
    written = tmp_path / "written.toml"
    write_target(read_target(path), written)
    assert (stat.S_IMODE(written.stat().st_mode), _password(written)) == (0o600, SECRET)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o644])
def test_a_secret_in_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With what to do; an empty one is no secret."""
    path = _target(tmp_path, f'password = "{SECRET}"', mode)
    said = (
        f"target file {path}:2: database: password stands in the file, which others may read (mode {mode:04o}):"
        f" chmod 600 it, or give one of {OTHERS} in its place"
    )
    with pytest.raises(TargetError, match=f"^{re.escape(said)}$"):
        read_target(path)
    assert _password(_target(tmp_path, 'password = ""', mode)) == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'password = "{SECRET}"\npassword_env = "CLINIC_SECRET"', "password and password_env say the same thing"),
        ('password_file = "kept"\npassword_command = "cat kept"', "password_file and password_command say the same"),
        ('password_file = "gone"', "password_file: cannot read FOLDER/gone: No such file or directory"),
        ('password_file = "."', "password_file: cannot read FOLDER: Is a directory"),
        ('password_file = "open"', "password_file: others may read FOLDER/open (mode 0644): chmod 600 it"),
        ('password_file = "empty"', "password_file: it gives nothing"),
        ('password_file = "bytes"', "password_file: what it gives is no text in UTF-8"),
        ("password_file = 5", "password_file: it is no text"),
        ('password_env = "NO_SUCH_VARIABLE"', "password_env: the environment has no variable NO_SUCH_VARIABLE"),
        ("password_env = []", "password_env: it is no text"),
        ('password_command = ["false"]', "password_command: false ended with status 1"),
        (
            f'password_command = ["no-such-program", "{SECRET}"]',
            "password_command: cannot run no-such-program: No such",
        ),
        (f'password_command = "no-such-program {SECRET}"', "password_command: cannot run no-such-program: "),
        ('password_command = ["true"]', "password_command: it gives nothing"),
        ('password_command = ["cat", "bytes"]', "password_command: what it gives is no text in UTF-8"),
        ("password_command = []", "password_command: it is neither a line nor a list of words"),
        ('password_command = "unclosed \'"', "password_command: No closing quotation"),
        ("password_command = { a = 1 }", "password_command: it is neither a line nor a list of words"),
    ],
)
def test_a_secret_that_cannot_be_found_is_one_sentence(tmp_path: Path, line: str, said: str) -> None:
    """On the command line, with the status of bad input, and without the secret."""
    (tmp_path / "open").write_text(SECRET)
    write_private(tmp_path / "empty", "\n")
    (tmp_path / "bytes").write_bytes(SECRET.encode() + b"\xff")
    (tmp_path / "bytes").chmod(0o600)
    path = _target(tmp_path, line)
    seen = CliRunner().invoke(command_line, ["target", "check", str(path)])
    wanted = f"target file {path}:2: database: {said.replace('FOLDER', str(tmp_path))}"
    assert (seen.exit_code, wanted in " ".join(seen.output.split("\n")), SECRET in seen.output) == (2, True, False)
    assert "Traceback" not in seen.output


def test_a_secret_that_is_not_given_is_named(tmp_path: Path) -> None:
    """And a way that there is not is no way."""
    for line, said in (("", "database.password: "), ('password_vault = "x"', "database.")):
        with pytest.raises(TargetError, match=re.escape(said)):
            read_target(_target(tmp_path, line))


def test_every_secret_of_the_file_may_stand_elsewhere(tmp_path: Path) -> None:
    """Whatever its section."""
    path = tmp_path / "target.toml"
    path.write_text(
        'name = "mine"\n[inference]\nservers = ["http://m"]\napi_key_env = "CLINIC_SECRET"\n'
        '[cache]\nnodes = ["c:1"]\nusername = "u"\npassword_file = "kept"\n'
        '[api]\nbase_url = "http://a"\n[[api.accounts]]\nusername = "n"\nrole = "r"\ntenant = "t"\n'
        'password_command = "cat kept"\ntotp_secret = ""\n'
    )
    target = read_target(path)
    assert target.inference is not None
    assert target.cache is not None
    assert target.api is not None
    found = (target.inference.api_key, target.cache.password, target.api.accounts[0].password)
    assert found == (SECRET, SECRET, SECRET)
    path.write_text('name = "mine"\n[load]\nurl = "http://m"\napi_key_file = "kept"\nsecret_env = "CLINIC_SECRET"\n')
    load = read_target(path).load
    assert load is not None
    assert (load.api_key, load.secret) == (SECRET, SECRET)


def test_a_secret_shows_nowhere(tmp_path: Path) -> None:
    """Neither in a representation nor in the digest of what is gated, which does not hang on where it is kept."""
    inline, kept = _target(tmp_path, f'password = "{SECRET}"'), tmp_path / "kept.toml"
    kept.write_text(f'{DATABASE}password_file = "kept"\n')
    target = read_target(inline)
    assert SECRET not in repr(target)
    assert SECRET not in str(target)
    assert target.identity() == read_target(kept).identity()
    other = DatabaseSection(hosts=("db:1",), name="d", user="u", password=SECRET, application_role="a")
    assert TargetFile(name="mine", database=other).identity() != target.identity()
    with pytest.raises(ValueError, match="totp_secret") as wrong:
        AccountEntry.model_validate({"username": "n", "role": "r", "tenant": "t", "password": SECRET})
    assert SECRET not in str(wrong.value)
    assert json.loads(target.model_dump_json())["database"]["password"] == SECRET  # what `write_target` keeps
