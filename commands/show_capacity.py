"""What a capacity search says: a line per step, and at its end the rate, the users, and what was full first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.targets import Latencies, Load
from loadtests.capacity.saturation import OTHERS, Resource, ResourceKind, ResourceUse
from loadtests.capacity.search import Capacity, CapacityStep, Ending, RateVerdict
from loadtests.exit_codes import ExitCode

_DERIVED = ":"
_NEGLIGIBLE = 0.05  # share of the machine


def exit_code(capacity: Capacity) -> ExitCode:
    """0 a rate holds and the next is refuted, or the highest one holds; 1 none holds; 3 it could not be found."""
    if capacity.ending is Ending.LOWEST:
        return ExitCode.DOES_NOT_HOLD
    known = capacity.bracket
    found = capacity.ending is Ending.FOUND and known.refuted == known.above
    return ExitCode.HOLDS if found or capacity.ending is Ending.HIGHEST else ExitCode.UNKNOWN


def step_line(number: int, step: CapacityStep) -> str:
    """One step in a line."""
    load = step.load
    seen = f", {_p95s(load)}, {_failures(load)}" if load else ""
    why = f" ({step.judgement.why})" if step.judgement.why else ""
    return f"step {number}: {step.trial.rate:.1f}/s for {step.trial.seconds:.0f} s{seen}: {step.verdict}{why}"


def show(capacity: Capacity, console: Console) -> None:
    """Print the outcome for a person."""
    for sentence in sentences(capacity):
        console.print(sentence, soft_wrap=True, markup=False, highlight=False)
    held, above = capacity.held, capacity.above
    lines = [line for line in capacity.saturation.lines if _telling(line)]
    if not lines or above is None:
        return
    table = Table("used", box=None)
    table.add_column(f"at {held.trial.rate:.1f}/s" if held else "", justify="right")
    table.add_column(f"at {above.trial.rate:.1f}/s", justify="right")
    for line in lines:
        full = line.refuted is not None and line.refuted.full
        last = f"[red]{_amount(line.refuted)}[/]" if full else _amount(line.refuted)
        table.add_row(escape(line.name), _amount(line.held), last)
    console.print(table)


def sentences(capacity: Capacity) -> Iterator[str]:
    """The outcome in words."""
    known, terms = capacity.bracket, capacity.terms
    if known.held is None:
        yield f"Capacity of '{capacity.profile.name}': none found; {capacity.ending}"
    else:
        limits = [f"refuted at {known.refuted:.1f}/s"] if known.refuted is not None else []
        if known.undecided == known.above:
            limits.append(f"nothing can be said at {known.undecided:.1f}/s")
        above = ", ".join(limits) or "no higher one was refuted"
        yield (
            f"Capacity of '{capacity.profile.name}': {known.held:.1f} requests/s held, {above}; "
            f"that is {capacity.users} users at {1 / capacity.profile.rate_per_user:g} s between two requests. "
            f"{str(capacity.ending).capitalize()}."
        )
    decided = [step for step in capacity.steps if step.verdict in (RateVerdict.HOLDS, RateVerdict.REFUTED)]
    every = max(1 - len(decided) * (1 - terms.confidence), 0.0)
    seconds = sum(step.took_s for step in capacity.steps)
    yield (
        f"{len(capacity.steps)} loads in {seconds:.0f} s, each verdict at {terms.confidence:.0%} confidence"
        f"{f', all {len(decided)} of them right at {every:.0%} at least' if len(decided) > 1 else ''}."
    )
    if (
        known.held is not None
        and sum(s.trial.rate == known.held and s.verdict is RateVerdict.HOLDS for s in decided) > 1
    ):
        yield "The rate that held was held again by a fresh load, which had no part in choosing it."
    if capacity.above and capacity.above.judgement.why:
        said = {RateVerdict.REFUTED: "did not hold", RateVerdict.UNDECIDED: "was not decided"}
        what = said.get(capacity.above.verdict, "could not be judged")
        yield f"At {capacity.above.trial.rate:.1f}/s {what}: {capacity.above.judgement.why}."
    yield from _fullness(capacity)


def _fullness(capacity: Capacity) -> Iterator[str]:
    above, first = capacity.above, capacity.saturation.first
    if above is None:
        return
    if first is None:
        yield f"What was full first: nothing that could be seen ({capacity.scope})."
        return
    earlier = (
        next((r for r in capacity.held.seen if (r.kind, r.name) == (first.kind, first.name)), None)
        if capacity.held
        else None
    )
    before = f", {_amount(earlier)} at the rate that held" if earlier else ""
    yield f"Full first: {first.name}, {first.amount()}{before} ({capacity.scope})."
    if first.kind is ResourceKind.GENERATOR:
        yield (
            "So the limit is the load generator's, and the deployment's is unknown: send with more --processes, or "
            "from more machines."
        )
    elif first.kind is ResourceKind.MACHINE:
        users = sorted(
            (r for r in above.seen if r.kind is ResourceKind.OTHER and r.name.endswith(": processors")), key=_least
        )
        shares = ", ".join(
            f"{r.name.removesuffix(': processors')} {r.used:.2f}" for r in users if r.used >= _NEGLIGIBLE
        )
        yield f"Who used them, in cores: {shares}."
        strangers = next((r.used for r in users if r.name.startswith(OTHERS)), 0.0)
        if strangers > _NEGLIGIBLE * (first.limit or 1):
            yield f"Without those other processes, which took {strangers:.2f} cores, the deployment would hold more."


def as_json(capacity: Capacity) -> str:
    """The outcome and every step, without histograms."""
    known, above, held = capacity.bracket, capacity.above, capacity.held
    first = capacity.saturation.first
    return json.dumps(
        {
            "profile": capacity.profile.name,
            "held_per_s": known.held,
            "refuted_per_s": known.refuted,
            "undecided_per_s": known.undecided,
            "users": capacity.users,
            "ending": capacity.ending.name.lower(),
            "confidence_of_each": capacity.terms.confidence,
            "full_first": first.name if first else None,
            "scope": capacity.scope,
            "seen": {
                name: [asdict(resource) for resource in step.seen]
                for name, step in (("held", held), ("above", above))
                if step
            },
            "steps": [
                {
                    "per_s": step.trial.rate,
                    "seconds": step.trial.seconds,
                    "verdict": step.verdict,
                    "why": step.judgement.why,
                    "took_s": round(step.took_s, 1),
                    "p95_ms": {head: found.percentile(0.95) for head, found in _heads(step.load)},
                    "failed": {head: found.errors for head, found in _heads(step.load)},
                }
                for step in capacity.steps
            ],
        }
    )


def _heads(load: Load | None) -> Iterator[tuple[str, Latencies]]:
    kinds = [kind for kind in load.kinds if _DERIVED not in kind.kind] if load else []
    for head in sorted({kind.kind.split(".")[0] for kind in kinds}):
        yield head, Latencies.merged(head, (kind for kind in kinds if kind.kind.split(".")[0] == head))


def _p95s(load: Load) -> str:
    return "p95 " + ", ".join(f"{head} {found.percentile(0.95):.0f}" for head, found in _heads(load)) + " ms"


def _failures(load: Load) -> str:
    found = Latencies.merged("", (found for _, found in _heads(load)))
    causes = ", ".join(f"{count} {cause}" for cause, count in sorted(found.errors.items()))
    return f"{found.failed} of {found.total} failed{f': {causes}' if causes else ''}"


def _least(resource: Resource) -> float:
    return -resource.used


def _amount(resource: Resource | None) -> str:
    return "" if resource is None else resource.amount()


def _telling(line: ResourceUse) -> bool:
    """What says nothing is left out: ports without a connection that waited, parts that did next to nothing."""
    seen = [resource for resource in (line.held, line.refuted) if resource]
    kind = seen[0].kind
    if any(resource.full for resource in seen) or kind in (
        ResourceKind.GENERATOR,
        ResourceKind.MACHINE,
        ResourceKind.ACCELERATOR,
    ):
        return True
    least = {ResourceKind.THREAD: 0.2, ResourceKind.PLACES: 1.0, ResourceKind.LINE: 1.0, ResourceKind.BACKLOG: 1.0}
    if kind is ResourceKind.OTHER:
        return seen[0].unit == "ms" or (seen[0].unit == "cores" and max(r.used for r in seen) >= _NEGLIGIBLE)
    return max(resource.used for resource in seen) >= least[kind]
