"""An alert that a target file says how to provoke: it counts when it arrives, and the service runs again whatever
happens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.model import CannotLookError, NotDeclaredError
from checks.targets import Alert, Monitoring
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.monitoring.receivers import AlertShape, Received
from suites.unit.application.clinic import Answer, Asked, clinic

pytestmark = pytest.mark.unit
INSTANCE, ALERT = "10.1.0.9:8443", "ServiceDown"


def _alert(name: str = ALERT, instance: str = INSTANCE, status: str = "firing") -> dict[str, object]:
    return {"status": status, "labels": {"alertname": name, "instance": instance}}


@dataclass(frozen=True)
class WatchedService:
    """A service that a file stands for while it is down, a Prometheus that sees it, and a receiver that is told when it
    is over.
    """

    directory: Path
    delivers: Sequence[object] = ()

    @property
    def down(self) -> Path:
        """There while it is."""
        return self.directory / "down"

    @property
    def pages(self) -> Path:
        """What the receiver wrote."""
        return self.directory / "pages"

    def answer(self, asked: Asked) -> Answer:
        """Of Prometheus's API; what it sees is delivered at once."""
        path, down = asked.path.partition("?")[0], self.down.exists()
        if path == "/api/v1/alerts" and down and self.delivers and not self.pages.exists():
            self.pages.write_text("".join(f"{json.dumps({'alerts': [alert]})}\n" for alert in self.delivers))
        if path == "/api/v1/targets" and not down and self.pages.exists():
            with self.pages.open("a") as pages:
                pages.write(f"{json.dumps({'alerts': [_alert(status='resolved')]})}\n")
        firing = [{"state": "firing", "labels": {"alertname": ALERT, "instance": INSTANCE}}] if down else []
        target = {
            "scrapePool": "model",
            "scrapeUrl": "",
            "health": "down" if down else "up",
            "labels": {"job": "model", "instance": INSTANCE},
        }
        answers: Mapping[str, object] = {
            "/api/v1/rules": {"groups": [{"rules": [{"name": ALERT}]}]},
            "/api/v1/alerts": {"alerts": list(firing)},
            "/api/v1/targets": {"activeTargets": [target]},
        }
        return Answer(json={"data": answers[path]})

    def provoke(self, *, environment: str = "test", receiver: object = None, **commands: list[str]) -> Alert:
        """What came of it, within a second."""
        stopping = {"stop": ["touch", str(self.down)], "start": ["rm", str(self.down)]} | commands
        with clinic(self.answer) as server:
            monitoring = {
                "prometheus": server.base_url,
                "receiver": receiver or {"file": str(self.pages), "alerts": "/alerts"},
                "provoke": {"alert": ALERT, "instance": INSTANCE, **stopping},
            }
            trust = {"ca": CertificateAuthority(self.directory / "ca").certificate}
            described = {"name": "mine", "environment": environment, "trust": trust, "monitoring": monitoring}
            opened = Deployment(TargetFile.model_validate(described)).find(Monitoring)
            assert isinstance(opened, Monitoring)
            return opened.provoke(1.0)


def test_an_alert_that_the_receiver_wrote_down_has_arrived(tmp_path: Path) -> None:
    """And the service runs again."""
    site = WatchedService(tmp_path, [_alert()])
    seen = site.provoke()
    assert (seen.rule_loaded, seen.fired, seen.arrived) == (True, True, True)
    assert not site.down.exists()
    assert "resolved" in site.pages.read_text(), "the next alert would be taken for this one"


@pytest.mark.parametrize(
    "delivered",
    [
        [],
        [_alert(status="resolved")],
        [_alert(name="Another")],
        [_alert(instance="10.1.0.8:8443")],
        [{"status": "firing"}],
        ["text"],
    ],
)
def test_what_never_came_or_is_another_has_not_arrived(tmp_path: Path, delivered: Sequence[object]) -> None:
    """Resolved, of another name, about another service, or no alert at all."""
    site = WatchedService(tmp_path, delivered)
    seen = site.provoke()
    assert (seen.fired, seen.arrived) == (True, False)
    assert not site.down.exists()


def test_an_alert_that_was_there_before_has_not_arrived(tmp_path: Path) -> None:
    """Another of the same name and about the same service must come."""
    site = WatchedService(tmp_path)
    site.pages.write_text(f"{json.dumps({'alerts': [_alert()]})}\nno JSON\n")
    assert not site.provoke().arrived


def test_a_receiver_that_answers_late_with_what_it_had_has_got_nothing(tmp_path: Path) -> None:
    """Its first answer is what was there before."""
    asked: list[str] = []

    def answers(request: Asked) -> Answer:
        asked.append(request.path)
        return Answer(503) if len(asked) == 1 else Answer(json={"seen": {"all": [_alert()]}})

    with clinic(answers) as receiver:
        described = {"url": f"{receiver.base_url}/v1/pages?all=1", "alerts": "/seen/all"}
        seen = WatchedService(tmp_path).provoke(receiver=described)
    assert not seen.arrived
    assert set(asked) == {"/v1/pages?all=1"}


def test_nothing_is_stopped_in_production(tmp_path: Path) -> None:
    site = WatchedService(tmp_path, [_alert()])
    with pytest.raises(NotDeclaredError, match="is a production system"):
        site.provoke(environment="production", stop=["touch", str(tmp_path / "stopped")])
    assert not (tmp_path / "stopped").exists()


def test_a_service_that_could_not_be_stopped_is_started_all_the_same(tmp_path: Path) -> None:
    """It may be half down."""
    site = WatchedService(tmp_path)
    with pytest.raises(CannotLookError, match="sh ended with status 3: no rights"):
        site.provoke(stop=["sh", "-c", "echo no rights; exit 3"], start=["touch", str(tmp_path / "started")])
    assert (tmp_path / "started").exists()


def test_a_service_that_does_not_start_again_is_said_loudly(tmp_path: Path) -> None:
    with pytest.raises(CannotLookError, match="sh ended with status 4"):
        WatchedService(tmp_path, [_alert()]).provoke(start=["sh", "-c", "exit 4"])


def test_what_says_neither_how_nor_where_names_the_lines(tmp_path: Path) -> None:
    with clinic(WatchedService(tmp_path).answer) as server:
        trust = {"ca": CertificateAuthority(tmp_path / "ca").certificate}
        described = {"name": "mine", "trust": trust, "monitoring": {"prometheus": server.base_url}}
        opened = Deployment(TargetFile.model_validate(described)).find(Monitoring)
    assert isinstance(opened, Monitoring)
    with pytest.raises(NotDeclaredError, match=r"add \[monitoring.provoke\] with stop, start, alert, instance and"):
        opened.provoke(1.0)


def test_alerts_are_found_where_the_pointers_lead() -> None:
    """One alert, a list of them, or anything else."""
    flat = AlertShape(alerts="", name="/rule", instance="/host", status="")
    assert list(flat.alerts_in({"rule": "a", "host": "b"})) == [Received("a", "b")]
    assert list(flat.alerts_in([{"rule": "a", "host": "b"}, {"rule": 5, "host": "b"}])) == [Received("a", "b")]
    assert list(AlertShape(alerts="/none").alerts_in({"alerts": [_alert()]})) == []
    assert list(AlertShape().alerts_in(_alert(status="resolved"))) == [Received(ALERT, INSTANCE, fires=False)]
