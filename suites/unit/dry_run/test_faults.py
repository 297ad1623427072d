"""Everything that is wrong with a target file and its application file is told at once, each fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from fixtures.deployment.faults import faults_of
from fixtures.hosts.files import write_private
from fixtures.toml_faults import line_of

TARGET = """name = "mine"
application = "clinic.toml"
nonsense = 3
[edge]
https = "nope"
[[api.accounts]]
username = "a"
role = "nurse"
tenant = "x"
password = "p"
totp_secret = ""
[[api.accounts]]
username = "b"
role = 4
"""
APPLICATION = """name = "clinic"
[[act]]
name = "read"
request = "GET patients"
[[act]]
name = "write"
roles = ["nurse"]
[act.request]
method = "post"
path = "/patients"
[log_in]
kind = "magic"
"""


def test_every_fault_of_both_files_is_listed_with_its_line(tmp_path: Path) -> None:
    """A key that is not known, a value that is none, a key that is missing: at the nearest line that is there."""
    target, application = tmp_path / "mine.toml", tmp_path / "clinic.toml"
    write_private(target, TARGET)
    application.write_text(APPLICATION)
    places = [fault.partition(": ")[0] for fault in faults_of(target)]
    assert [place.removeprefix(f"target file {target}:") for place in places[:8]] == [
        *("3", "4", "5", "6"),  # nonsense, edge.server_name, edge.https, api.base_url
        *("12", "12", "12", "14"),  # tenant, password, totp_secret and role of the second account
    ]
    assert [place.removeprefix(f"application file {application}:") for place in places[8:]] == ["2", "4", "9", "12"]
    assert "nonsense: is not a key that is known here" in faults_of(target)[0]


def test_the_command_prints_a_line_for_each_fault_and_ends_with_2(tmp_path: Path) -> None:
    write_private((tmp_path / "mine.toml"), TARGET)
    (tmp_path / "clinic.toml").write_text(APPLICATION)
    done = CliRunner().invoke(main, ["target", "check", str(tmp_path / "mine.toml")])
    assert (done.exit_code, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 12
    assert all(line.startswith("clinical-gate: ") for line in lines)


def test_an_account_whose_role_the_application_does_not_have_is_named(tmp_path: Path) -> None:
    """No act could be tried as it; the line is the account's own."""
    (tmp_path / "clinic.toml").write_text('name = "clinic"\n[roles]\nnurse = "nurse"\n')
    account = '\n[[api.accounts]]\nusername = "a"\ntenant = "x"\npassword = "p"\ntotp_secret = ""\nrole = '
    text = (
        f'name = "mine"\napplication = "clinic.toml"\n[api]\nbase_url = "https://a"{account}"nurse"{account}"nurze"\n'
    )
    write_private((tmp_path / "mine.toml"), text)
    (fault,) = faults_of(tmp_path / "mine.toml")
    assert f"{text[: text.index('nurze')].count(chr(10)) + 1}: api.accounts.1.role: [roles] of" in fault
    assert fault.endswith("does not name 'nurze'")


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("act", 0, "name"), 3),
        (("act", 1), 5),
        (("act", 1, "request", "method"), 9),
        (("act", 1, "undo"), 5),
        (("log_in", "kind"), 12),
        (("log_in", "request", "path"), 11),
        (("nowhere",), 1),
    ],
)
def test_a_place_is_found_by_the_nearest_key_that_is_written(place: tuple[str | int, ...], line: int) -> None:
    assert line_of(APPLICATION, place) == line
