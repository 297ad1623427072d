"""A small application of nobody's kind for loads: its own paths, roles and words, behind HTTP Basic."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

from suites.unit.application.clinic import Answer, Asked

DESCRIPTION = """
name = "ward"
[log_in]
kind = "basic"
whoami = "GET /me"
[roles]
carer = "nurse"
doctor = "physician"
[inference]
model = "m"
prefix = "/ai"
stream = false
roles = ["doctor"]
[[act]]
name = "roster"
request = "GET /people/all"
roles = ["doctor"] # a carer who asked for this would not get in
yields = { person = "/0/id" }
[[act]]
name = "list"
request = "GET /people"
roles = ["carer", "doctor"]
yields = { person = "/0/id" }
[[act]]
name = "read"
request = "GET /people/{person}"
roles = ["carer", "doctor"]
record = "person"
[[act]]
name = "note"
request = { method = "POST", path = "/people/{person}/notes", json = { text = "{notes}" } }
roles = ["carer"]
writes = true
success = [202]
[[act]]
name = "notes"
request = "GET /notes"
roles = ["carer"]
[[load]]
action = "patient.list"
act = "list"
holds = "/0/id"
[[load]]
action = "patient.read"
act = "read"
echoes = "/id"
[[load]]
action = "patient.encounter"
act = "note"
read_back = { act = "notes", request = "GET /notes?text={key}", values = "/found/0/text" }
"""
PEOPLE = [{"id": "ann"}, {"id": "bob/2"}]


@dataclass
class WardApplication:
    """Answers as the ward does.

    Args:
        forgetful: takes a note and keeps none.
        confused: shows somebody else's record.
    """

    forgetful: bool = False
    confused: bool = False
    notes: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Answer:
        """Whoever shows a password is let in."""
        if not asked.headers.get("authorization", "").startswith("Basic "):
            return Answer(401)
        path, _, query = asked.path.partition("?")
        if path == "/ai/v1/chat/completions":
            said = {"role": "assistant", "content": "stable " * int(json.loads(asked.body)["max_tokens"])}
            return Answer(json={"choices": [{"message": said}]})
        if asked.method == "POST":
            with self.lock:
                self.notes += [] if self.forgetful else [json.loads(asked.body)["text"]]
            return Answer(202)
        if path == "/notes":
            key = query.partition("=")[2]
            return Answer(json={"found": [{"text": note} for note in self.notes if key in note]})
        if path == "/people":
            return Answer(json=PEOPLE)
        record = {"ann": "ann", "bob%2F2": "bob/2"}.get(path.rpartition("/")[2], "me")
        return Answer(json={"id": "nobody" if self.confused else record})


def described_target(folder: Path, base_url: str, accounts: dict[str, int], more: str = "") -> str:
    """The target file of a ward with so many accounts of each of its roles."""
    (folder / "ward.toml").write_text(DESCRIPTION)
    people = "".join(
        f'[[api.accounts]]\nusername = "{role}{number}"\nrole = "{role}"\ntenant = "w"\npassword = "p"\n'
        'totp_secret = ""\n'
        for role, count in accounts.items()
        for number in range(count)
    )
    path = folder / "target.toml"
    head = 'name = "mine"\nenvironment = "test"\napplication = "ward.toml"\n'
    path.write_text(f'{head}[api]\nbase_url = "{base_url}"\n{more}\n{people}')
    return str(path)
