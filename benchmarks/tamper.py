"""Is any altered report taken for a sound one, by either verifier?

A sound report is altered at random, one alteration at a time: bytes flipped, cut out, put in or exchanged, in any of
its files; files removed, added, emptied, linked away or exchanged; JSON rewritten to say something else. Of each the
two verifiers, clinical-gate's and `reports/verify_alone.py`, are asked. What is printed: how many were taken for sound
(the goal is 0), how often the two gave different reasons, and the longest time and most memory that one took.

    python -m benchmarks.tamper --mutations 20000
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from loadtests.exit_codes import ExitCode, one_sentence
from reports import verify_alone
from reports.keys import load_public
from reports.refusals import UnreadableError, VerificationError
from reports.sign import ENVELOPE
from reports.verify import verify
from reports.writer import publish
from suites.unit.reports.board_samples import report_of

SOUND = "sound"
_FLIPS = 8
_EVIDENCE = {"drill/ledger.jsonl": b'{"invoke": 1}\n', "wire.pcap": bytes(range(256)), "log.txt": b"all quiet\n"}


@dataclass
class Tally:
    """What came of the alterations so far."""

    reasons: Counter[str] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    longest_s: float = 0.0


@contextmanager
def altered(folder: Path, names: list[str], draw: random.Random) -> Iterator[str]:
    """The folder with one alteration, which is undone afterwards; yields its name."""
    name = draw.choice(names)
    path, how = folder / name, draw.choice(list(_ALTERATIONS))
    before = path.read_bytes()
    try:
        _ALTERATIONS[how](path, before, draw)
        yield f"{how} in {name}"
    finally:
        if path.is_symlink() or path.exists():
            path.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(before)
        for stray in folder.rglob("stray*"):
            stray.unlink()


def _flip(path: Path, content: bytes, draw: random.Random) -> None:
    changed = bytearray(content)
    for _ in range(draw.randint(1, _FLIPS)):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(changed) if bytes(changed) != content else content + b"\0")


def _cut(path: Path, content: bytes, draw: random.Random) -> None:
    begin = draw.randrange(len(content))
    path.write_bytes(content[:begin] + content[begin + draw.randint(1, 64) :])


def _insert(path: Path, content: bytes, draw: random.Random) -> None:
    place = draw.randrange(len(content) + 1)
    path.write_bytes(content[:place] + draw.randbytes(draw.randint(1, 16)) + content[place:])


def _repeat(path: Path, content: bytes, draw: random.Random) -> None:
    begin = draw.randrange(len(content))
    end = begin + draw.randint(1, 64)
    path.write_bytes(content[:end] + content[begin:])


def _empty(path: Path, content: bytes, draw: random.Random) -> None:
    del content, draw
    path.write_bytes(b"")


def _remove(path: Path, content: bytes, draw: random.Random) -> None:
    del content, draw
    path.unlink()


def _link(path: Path, content: bytes, draw: random.Random) -> None:
    del draw
    stray = path.parent.parent / "stray"
    stray.write_bytes(content)
    path.unlink()
    path.symlink_to(stray)


def _reword(path: Path, content: bytes, draw: random.Random) -> None:
    """Exchange words of a report that say the opposite, numbers, or letters."""
    words = ((b"REJECTED", b"APPROVED"), (b"FAIL", b"PASS"), (b"false", b"true"), (b"UNKNOWN", b"PASS"), (b"1", b"9"))
    possible = [(a, b) for pair in words for a, b in (pair, pair[::-1]) if a in content]
    if not possible:
        _flip(path, content, draw)
        return
    old, new = draw.choice(possible)
    path.write_bytes(content.replace(old, new, draw.randint(1, 3)))


def _respace(path: Path, content: bytes, draw: random.Random) -> None:
    """The same JSON in other bytes, as a tool might write it again."""
    try:
        value = json.loads(content)
    except ValueError:
        _insert(path, content, draw)
        return
    rewritten = json.dumps(value, indent=draw.choice([None, 2, 4])).encode()
    path.write_bytes(rewritten if rewritten != content else rewritten + b" ")


_ALTERATIONS: dict[str, Callable[[Path, bytes, random.Random], None]] = {
    "flipped bits": _flip,
    "cut": _cut,
    "inserted": _insert,
    "repeated": _repeat,
    "emptied": _empty,
    "removed": _remove,
    "linked away": _link,
    "reworded": _reword,
    "respaced": _respace,
}


def theirs(folder: Path, key: SSlibKey) -> str:
    """What clinical-gate's verifier says: `SOUND`, or its reason."""
    try:
        verify(folder, key)
    except VerificationError as problem:
        return problem.refusal.value
    except UnreadableError:
        return "no report"
    return SOUND


def alone(folder: Path, pem: bytes) -> str:
    """What the independent one says."""
    try:
        verify_alone.verify(folder, pem)
    except verify_alone.DoesNotHoldError as problem:
        return problem.reason
    except OSError:
        return "no report"
    return SOUND


def tamper(folder: Path, public: Path, mutations: int, seed: int, *, told: bool = False) -> Tally:
    """Alter a sound report, ``mutations`` times.

    Raises:
        ValueError: it is not sound before.
    """
    key, pem, draw, tally = load_public(public), public.read_bytes(), random.Random(seed), Tally()  # noqa: S311
    if (theirs(folder, key), alone(folder, pem)) != (SOUND, SOUND):
        msg = f"{folder} is not sound before anything is altered: {theirs(folder, key)}, {alone(folder, pem)}"
        raise ValueError(msg)
    signed = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = [ENVELOPE, ENVELOPE, *(name for name in signed if name != public.name)]
    for number in range(mutations):
        with altered(folder, names, draw) as what:
            began = time.perf_counter()
            answers = theirs(folder, key), alone(folder, pem)
            tally.longest_s = max(tally.longest_s, time.perf_counter() - began)
        if SOUND in answers:
            tally.accepted.append(f"{what}: {answers}")
        elif answers[0] != answers[1]:
            tally.differing[answers] += 1
        tally.reasons[answers[0]] += 1
        if told and number and number % 1000 == 0:
            click.echo(f"{number:,d} of {mutations:,d}", err=True)
    return tally


@click.command(help=__doc__)
@click.option("--mutations", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(mutations: int, seed: int) -> ExitCode:
    """Alter and ask."""
    with one_sentence(ValueError):
        place = Path(tempfile.mkdtemp(prefix="clinical-gate-tamper-"))
        try:
            published = publish(place / "gate", "run-1", report_of(), evidence=_EVIDENCE, registers=place / "registers")
            (place / "gate/history.jsonl").unlink()  # of what is newest, only one of the two can be asked
            tally = tamper(published.folder, published.public_key, mutations, seed, told=True)
        finally:
            shutil.rmtree(place)
        for reason, count in tally.reasons.most_common():
            click.echo(f"{count:8,d}  {reason}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        accepted, differing = len(tally.accepted), tally.differing.total()
        click.echo(f"{mutations:,d} alterations: {accepted} taken for sound, {differing} with two reasons")
        click.echo(f"longest {tally.longest_s:.3f} s for both verifiers, {peak:.0f} MB at most")
        for what in (*tally.accepted[:10], *(f"{a} | {b}: {n}" for (a, b), n in tally.differing.most_common(10))):
            click.echo(f"  {what}")
        return ExitCode.DOES_NOT_HOLD if tally.accepted else ExitCode.HOLDS


if __name__ == "__main__":
    main()
