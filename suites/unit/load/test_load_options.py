"""``clinical-gate load`` refuses what cannot work before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.hosts.files import write_private
from suites.unit.load.load_command import load_command, sentence_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "say what to send, e.g. --profile smoke; see clinical-gate load --help"),
        ("--profile gaet", "no load profile named 'gaet'; there are gate, smoke"),
        ("--profile gone.toml", "cannot read gone.toml: No such file or directory"),
        ("--profile short.toml:long", "no load profile named 'long'; there are short"),
        ("--profile two.toml", "which profile of two.toml is meant? Write two.toml:NAME; there are a, b"),
        ("--profile flat.toml", "flat.toml: users stands outside a profile: begin with a line [NAME]"),
        ("--profile two.toml:a", "profile a: users: Input should be greater than or equal to 1"),
        ("--profile smoke --users 0", "profile smoke: users: Input should be greater than or equal to 1"),
        (
            "--profile smoke --users many",
            "Invalid value for '--users': 'many' is not a valid integer; see clinical-gate load",
        ),
        ("--profile smoke --seconds 0", "profile smoke: seconds: Input should be greater than 0"),
        ("--profile smoke --seconds inf", "profile smoke: seconds: Input should be less than or equal to 86400"),
        ("--profile smoke --rate 0", "profile smoke: 0 requests/s cannot be sent"),
        (
            "--profile smoke --rate 1e9",
            "profile smoke: think_s: 100 users who think so shortly would send 1e+09 requests/s",
        ),
        ("--profile spike --arrivals closed", "profile spike: shape: a closed loop has none"),
        ("--profile smoke --policy nope", "no policy named 'nope'; there are aimedres, default"),
        ("--profile smoke --policy broken.toml", "broken.toml is not TOML"),
        ("--profile smoke --processes 0", "Invalid value for '--processes': 0 is not in the range"),
        ("--profile ramp --processes 250", "250 processes would wait for one another here"),
        ("--profile smoke --users 1 --processes 2", "2 processes cannot share 1 users: each plays at least one"),
        ("--profile smoke --master 127.0.0.1:5557", "--master goes with --workers"),
        ("--profile smoke --master nowhere --workers 2", "--master nowhere is not host:port"),
        (
            "--profile smoke --master 192.0.2.1:5557 --workers 2",
            "cannot listen for workers on 192.0.2.1:5557: Cannot assign",
        ),
        ("--worker nowhere", "--worker nowhere is not host:port"),
        ("--worker no-such.invalid:5557", "--worker: no-such.invalid cannot be resolved to an address"),
        (
            "--worker 127.0.0.1:5557 --users 3",
            "a worker is told by its leader what to send: --worker goes with --target only",
        ),
        ("--profile smoke --output short.toml/x", "cannot write to short.toml/x: Not a directory"),
        ("--profile smoke --target gone.toml", "target file gone.toml: cannot be read: No such file or directory"),
        (
            "--profile smoke --target outside.toml",
            "[load] url: localhost resolves to 127.0.0.1, which is not in its addresses",
        ),
        (
            "--profile smoke --target public.toml",
            "[load] url leads to 1.1.1.1, a public address: if it is yours to load, add",
        ),
        ("--profile smoke --target untrusted.toml", "[trust] ca: cannot read authorities from"),
    ],
)
def test_what_can_be_mended_is_one_sentence(
    arguments: str, sentence: str, short: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and nothing is sent: the target's port is closed, which nobody notices."""
    monkeypatch.chdir(tmp_path)
    url = '[load]\nurl = "http://127.0.0.1:1"\nsecret = "ours"'
    for name, text in {
        "two": "[a]\nusers = -1\nthink_s = [1, 2]\nseconds = 1\nroles = { visitor = 1.0 }\n[b]\n",
        "flat": "users = 3\n",
        "broken": "x = [",
        "target": f'name = "mine"\nenvironment = "test"\n{url}',
        "untrusted": 'name = "mine"\ntrust.ca = "gone"\n[load]\nurl = "https://127.0.0.1"',
        "public": 'name = "mine"\n[load]\nurl = "http://1.1.1.1"',
        "outside": 'name = "mine"\n[load]\nurl = "http://localhost"\naddresses = ["10.0.0.0/8"]',
    }.items():
        write_private(tmp_path / f"{name}.toml", text)
    given = arguments.split()
    said = sentence_of(load_command(*(given if "--target" in given else ["--target", "target.toml", *given])))
    assert said.startswith(sentence), f"{short}: {said}"
