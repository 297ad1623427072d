"""A stack whose harness was killed while it made a volume is not left with agents that look on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.drills import mend as mending
from fixtures.drills import wal_volume
from fixtures.drills.wal_volume import agents_resumed
from fixtures.hosts.process import Completed
from fixtures.services.database.patroni import PatroniNode
from fixtures.stack import runs
from fixtures.wait import DeadlineError

pytestmark = pytest.mark.unit

_RESUMED = Completed(0, "Success: cluster management is resumed", "")
_NOT_PAUSED = Completed(1, "", "Error: Cluster is not paused")
_NOBODY = Completed(1, "", "Error: Can not find accessible cluster member")


class _Agent:
    """A node that gives one answer after the other, the last of them for ever."""

    def __init__(self, *answers: Completed) -> None:
        self.answers, self.asked = list(answers), list[list[str]]()
        self.host, self.paths = self, SimpleNamespace(base=Path("/pg"))
        self.name = "pg"

    def run(self, argv: list[str], *, user: str) -> Completed:
        """See `fixtures.hosts.Host.run`."""
        assert user == "postgres"
        self.asked.append(argv)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Confined:
    """A host that keeps volumes."""

    name = "pg1"

    def confine(self, folder: Path, *, mebibytes: int, owner: str) -> None:
        """See `checks.targets.Confine.confine`."""

    def unconfine(self, folder: Path) -> None:
        """See `checks.targets.Confine.unconfine`."""


def _resume(*agents: _Agent) -> None:
    agents_resumed(cast("list[PatroniNode]", list(agents)))


def test_they_lead_again_when_one_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is believed when another says that nobody looks on any more."""
    monkeypatch.setattr(wal_volume, "_LEADING_S", 5.0)
    dead, agent, other = _Agent(_NOBODY), _Agent(_NOBODY, _RESUMED), _Agent(_NOBODY, _NOT_PAUSED)
    _resume(dead, agent, other)
    assert agent.asked == [["patronictl", "-c", "/pg/patroni.json", "resume", "--wait"]] * 2
    assert [len(each.asked) for each in (dead, other)] == [2, 2]


def test_those_that_lead_are_left_alone() -> None:
    agent, other = _Agent(_NOT_PAUSED), _Agent(_NOT_PAUSED)
    _resume(agent, other)
    assert [len(each.asked) for each in (agent, other)] == [1, 0]


def test_agents_that_nobody_reaches_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal_volume, "_LEADING_S", 0.1)
    with pytest.raises(DeadlineError, match="the agents of the database lead"):
        _resume(_Agent(_NOBODY))


def test_a_stack_that_stays_is_mended_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that looks on and is stopped for its log would leave its server running on it."""
    done: list[str] = []

    def note(name: str) -> Callable[..., None]:
        return lambda *_: done.append(name)

    node = SimpleNamespace(host=_Confined())
    stack = SimpleNamespace(services=[node], postgres=SimpleNamespace(nodes=[node]))
    run: Any = SimpleNamespace(owner=0, open=lambda: None)
    monkeypatch.setattr(runs, "sweep", list)
    monkeypatch.setattr(runs, "find", lambda _: run)
    monkeypatch.setattr(mending, "Stack", lambda _: stack)
    for name in ("mend_hosts", "start_missing", "agents_resumed", "log_moved_back"):
        monkeypatch.setattr(mending, name, note(name))
    assert mending.mend("kept") == "run kept was mended"
    assert done == ["mend_hosts", "start_missing", "agents_resumed", "log_moved_back", "start_missing"]
