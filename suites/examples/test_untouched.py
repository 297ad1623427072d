"""The Orthanc example as a production system: a gate leaves it as it was, and the report says what was sent.

Compared are dumps of every database, of the roles and of every Redis key, and each archive's own log of changes.
Counted are the entries of the front door's access log, and the connections that begin there.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dpkt
import pytest

from checks.model import Reason, Status
from checks.targets import Effect
from examples.orthanc.archive import HOSTS as ARCHIVES
from examples.orthanc.cache import connect
from examples.orthanc.database import database_of
from examples.orthanc.description import describe
from examples.orthanc.front import PORT, edge_pair
from examples.orthanc.patients import admit_studies
from examples.orthanc.stack import OrthancSite
from fixtures import REPOSITORY
from fixtures.hosts.process import Process
from fixtures.services.database.installation import programs
from fixtures.services.database.settings import OWNER
from fixtures.services.edge import http_port, https_port
from fixtures.services.files import write_private
from fixtures.services.https import ask
from fixtures.stack import runs
from fixtures.stack.rising import rise
from fixtures.wait import DeadlineError, wait_for
from reports.document import ReportDocument
from reports.keys import PUBLIC, load_public
from reports.verify import verify

pytestmark = pytest.mark.example
_TEST = 'environment = "test"'
_DATABASES = (*map(database_of, ARCHIVES), "postgres")


@dataclass(frozen=True)
class _Site:
    """The running example, seen from behind."""

    made: OrthancSite
    capture: Path

    def everything(self) -> tuple[str, dict[bytes, bytes], dict[str, object]]:
        """What the databases and Redis hold, and what the archives say has changed."""
        return self.databases(), self.keys(), {place: self.changes(place) for place in ARCHIVES}

    def databases(self) -> str:
        """Roles, schemas and rows; not the token that pg_dump makes up for each dump."""
        primary = self.made.database.primary
        where = ["-h", str(primary.paths.socket), "-U", "postgres"]
        orders = [["pg_dumpall", *where, "--globals-only"]] + [["pg_dump", *where, name] for name in _DATABASES]
        lines = []
        for program, *arguments in orders:
            dumped = primary.host.run([str(programs() / program), *arguments], user=OWNER)
            assert dumped.status == 0, dumped.stderr
            lines += dumped.stdout.splitlines()
        return "\n".join(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))

    def keys(self) -> dict[bytes, bytes]:
        """Each key with what DUMP says of it."""
        with connect(self.made.premises) as client:
            return {key: client.dump(key) for key in sorted(client.scan_iter())}

    def changes(self, institution: str) -> object:
        """What Orthanc says it was made to write, and how much it holds."""
        premises = self.made.premises
        pair, ca = edge_pair(premises), premises.authority.certificate
        address = premises.host(ARCHIVES[institution]).address
        answers = [ask(address, PORT, path, ca=ca, pair=pair) for path in ("/changes?limit=10000", "/statistics")]
        assert [answer.status for answer in answers] == [200, 200]
        return [json.loads(answer.body) for answer in answers]

    def logged(self) -> int:
        """Requests that the front door has written down."""
        return len((self.made.edge.host.directory / "nginx" / "access.log").read_text().splitlines())

    def begun(self) -> int:
        """Connections to the front door that have begun."""
        with self.capture.open("rb") as packets:
            return sum(1 for _ in dpkt.pcap.Reader(packets))


@pytest.fixture(scope="module")
def site() -> Iterator[_Site]:
    """The example, with three entries of a work list; the front door's connections are watched from its own host."""
    _, hosts = runs.begin()
    try:
        made = OrthancSite(hosts)
        rise(made.components)
        with connect(made.premises) as client:
            for number in range(3):
                client.hset("worklist:riverside", f"study-{number}", f"CT thorax {number}")
                client.set(f"worklist:seen:{number}", "by nobody")
        edge = made.edge.host
        capture = edge.directory / "syn.pcap"
        ports = f"(dst port {https_port()} or dst port {http_port()})"
        begins = f"dst host {edge.address} and {ports} and tcp[tcpflags] == tcp-syn"
        watch = ["tcpdump", "-i", "any", "-n", "-U", "-Z", "root", "-w", str(capture), begins]
        watching = edge.spawn(watch, service="watch")
        wait_for(lambda: "listening on" in _said(watching), what="the capture listens", timeout_s=10)
        yield _Site(made, capture)
    finally:
        hosts.close()


def _said(process: Process) -> str:
    return process.log.read_text(errors="replace") if process.log.exists() else ""


def _gated(site: _Site, folder: Path) -> ReportDocument:
    """The signed report of a gate on the example as a production system. It proves no check, which sends it nothing."""
    described, target = describe(site.made), folder / "target.toml"
    assert described.count(_TEST) == 1
    write_private(target, described.replace(_TEST, 'environment = "production"'))
    policy, reports = REPOSITORY / "examples" / "orthanc" / "policy.toml", folder / "reports"
    options = [f"--target={target}", f"--policy={policy}", f"--report-dir={reports}"]
    argv = [sys.executable, "-m", "pytest", "-q", "-m", "gate", "suites/gate", *options]
    ended = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stdout + ended.stderr  # REJECTED, for nothing was proven
    return verify(reports / "gate" / "latest", load_public(reports / "keys" / PUBLIC)).document


def _sum(report: ReportDocument, unit: str) -> int:
    """So many were sent to the front door, by whoever looked through it."""
    front = [record for record in report.sent if record.target.startswith(("edge ", "application "))]
    return sum(record.count for record in front if record.unit == unit)


def test_a_gate_leaves_the_example_as_it_was(site: _Site, tmp_path: Path) -> None:
    """And says how many requests the front door logged, and how many connections began there."""
    before, logged, begun = site.everything(), site.logged(), site.begun()
    report = _gated(site, tmp_path)
    assert site.everything() == before
    assert before[0].count("\n") > 1000
    assert len(before[1]) == 4
    looked = [check.id for check in report.checks if check.status is Status.FAIL or check.reason is Reason.NOT_PROVEN]
    assert len(looked) > 15, [f"{check.id}: {check.status} {check.explanation}" for check in report.checks]
    assert _sum(report, "requests") == site.logged() - logged > 50
    connections = _sum(report, "connections")
    with contextlib.suppress(DeadlineError):  # what is missing shows by itself
        wait_for(lambda: site.begun() - begun >= connections, what="the capture is written", timeout_s=10)
    assert connections == site.begun() - begun > 50
    assert {record.effect for record in report.sent} == set(Effect) - {Effect.WRITE, Effect.SESSION}


def test_what_would_change_it_is_noticed(site: _Site) -> None:
    """Or to find it unchanged would say nothing."""
    before, logged, begun = site.everything(), site.logged(), site.begun()
    admit_studies(site.made.premises)
    with connect(site.made.premises) as client:
        client.set("worklist:seen:0", "by somebody")
    after = site.everything()
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, True]
    assert site.logged() > logged
    wait_for(lambda: site.begun() > begun, what="the capture is written", timeout_s=10)
