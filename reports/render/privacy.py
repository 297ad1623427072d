"""A privacy audit for a terminal, for a program, and as a picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from checks.dp_audit.model import AuditOutcome, AuditVerdict, SequentialVerdict


class PictureError(Exception):
    """The picture cannot be written; the message says why in one sentence."""


_COLOURS = {AuditOutcome.REFUTED: "red", AuditOutcome.NOT_REFUTED: "green", AuditOutcome.UNDECIDED: "yellow"}


def print_verdict(verdict: AuditVerdict | SequentialVerdict, console: Console) -> None:
    """What was found, and all that it takes to repeat it."""
    claim = verdict.claim
    outcome = f"[bold {_COLOURS[verdict.outcome]}]{verdict.outcome.upper()}[/]"
    console.print(f"{outcome}  {verdict.explanation}", soft_wrap=True)
    rows = {
        "claim": f"epsilon {claim.epsilon:g}, delta {claim.delta:g}",
        **(_certified(verdict) if isinstance(verdict, AuditVerdict) else _won(verdict)),
        "could have": _reach(verdict),
        "alpha, seed": f"{verdict.alpha:g}, {verdict.seed}",
    }
    for name, text in rows.items():
        console.print(f"  {name:<12}{text}", markup=False, highlight=False, soft_wrap=True)


def _certified(verdict: AuditVerdict) -> dict[str, str]:
    bound, hits = verdict.bound, verdict.bound.hits
    likely = f"{hits.likely:,} times in {hits.of_likely:,} fresh outputs for {_input(verdict.likely)}"
    unlikely = f"{hits.unlikely:,} times in {hits.of_unlikely:,} for {_input(verdict.unlikely)}"
    return {
        "certified": f"epsilon >= {bound.epsilon:.4f}" + (f", mu >= {bound.mu:.4f}" if bound.mu is not None else ""),
        "event": verdict.event,
        "seen": f"{likely}, {unlikely} ({verdict.pair})",
    }


def _won(verdict: SequentialVerdict) -> dict[str, str]:
    luck = 1 / max(verdict.wealth, 1.0)
    return {
        "won": f"{verdict.wealth:.4g} of 1 staked; against a true claim as much or more with a chance of {luck:.2g}",
        "event": f"{verdict.event}, likelier for {_input(verdict.likely)} than for {_input(verdict.unlikely)}",
        "drawn": f"{verdict.outputs:,} outputs of all pairs together ({verdict.pair} tells most)",
    }


def _reach(verdict: AuditVerdict | SequentialVerdict) -> str:
    drawn = (
        f" with {verdict.samples:,} samples" if isinstance(verdict, AuditVerdict) else " with all that might be drawn"
    )
    if verdict.detectable_epsilon == float("inf"):
        return f"refuted nothing{drawn} per input"
    rare = f", or an event of one input alone from probability {verdict.smallest_event:.2g} on,"
    seen = f"shown epsilon >= {verdict.detectable_epsilon:.4g}{rare if verdict.smallest_event <= 1 else ''}"
    return f"{seen}{drawn} per input"


def _input(values: tuple[float, ...]) -> str:
    shown = ", ".join(f"{x:g}" for x in values[:12]) + (", ..." if len(values) > 12 else "")
    return f"[{shown}]"


def as_json(verdict: AuditVerdict | SequentialVerdict) -> str:
    """One JSON object; infinity is null."""
    reached = "epsilon" if isinstance(verdict, AuditVerdict) else "wealth"
    own: dict[str, object]
    if isinstance(verdict, AuditVerdict):
        bound = verdict.bound
        own = {"certified_epsilon": bound.epsilon, "certified_mu": bound.mu, "hits": asdict(bound.hits)}
    else:
        own = {"wealth": verdict.wealth, "outputs": verdict.outputs}
    return json.dumps(
        {
            "outcome": verdict.outcome,
            "explanation": verdict.explanation,
            "claim": {"epsilon": verdict.claim.epsilon, "delta": verdict.claim.delta},
            **own,
            "event": verdict.event,
            "samples": verdict.samples,
            "pair": verdict.pair,
            "likely_input": verdict.likely,
            "unlikely_input": verdict.unlikely,
            "alpha": verdict.alpha,
            "seed": verdict.seed,
            "detectable_epsilon": _finite(verdict.detectable_epsilon),
            "smallest_event": _finite(verdict.smallest_event),
            "curve": [{"samples": n, reached: value} for n, value in verdict.curve],
        },
        indent=1,
    )


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None


def draw(verdict: AuditVerdict | SequentialVerdict, path: Path) -> None:
    """What was reached against the number of outputs: the certified bound with the claim as a line, or the wealth with
    1 / alpha; SVG, PNG or PDF by the file's name.

    Raises:
        PictureError: no such format, or the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  half a second, only for a picture

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    samples, values = zip(*verdict.curve, strict=True)
    if isinstance(verdict, AuditVerdict):
        reached, line, words = (
            "certified lower bound",
            verdict.claim.epsilon,
            f"claim: epsilon {verdict.claim.epsilon:g}",
        )
        axes.set_ylim(bottom=0)
    else:
        reached, line, words = "wealth of the bets", 1 / verdict.alpha, f"1 / alpha: {1 / verdict.alpha:g}"
        axes.set_yscale("log")
    axes.plot(samples, values, marker="o", markersize=3, color="#1f4e79", label=reached)
    axes.axhline(line, color="#b03a2e", linestyle="--", label=words)
    axes.set_xscale("log")
    axes.set_xlabel("fresh outputs per input" if isinstance(verdict, AuditVerdict) else "outputs per input")
    axes.set_ylabel("epsilon" if isinstance(verdict, AuditVerdict) else "wealth per stake")
    axes.set_title(f"{verdict.outcome} at alpha {verdict.alpha:g}, delta {verdict.claim.delta:g}", loc="left")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as problem:
        msg = f"cannot draw {path}: {getattr(problem, 'strerror', None) or problem}"
        raise PictureError(msg) from problem
