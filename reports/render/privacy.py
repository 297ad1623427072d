"""A privacy audit for a terminal, for a program, and as a picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from checks.dp_audit.model import AuditOutcome, AuditVerdict


class PictureError(Exception):
    """The picture cannot be written; the message says why in one sentence."""


_COLOURS = {AuditOutcome.REFUTED: "red", AuditOutcome.NOT_REFUTED: "green", AuditOutcome.UNDECIDED: "yellow"}


def print_verdict(verdict: AuditVerdict, console: Console) -> None:
    """What was found, and all that it takes to repeat it."""
    claim, bound, hits = verdict.claim, verdict.bound, verdict.bound.hits
    outcome = f"[bold {_COLOURS[verdict.outcome]}]{verdict.outcome.upper()}[/]"
    console.print(f"{outcome}  {verdict.explanation}", soft_wrap=True)
    likely = f"{hits.likely:,} times in {hits.of_likely:,} fresh outputs for {_input(verdict.likely)}"
    unlikely = f"{hits.unlikely:,} times in {hits.of_unlikely:,} for {_input(verdict.unlikely)}"
    rows = {
        "claim": f"epsilon {claim.epsilon:g}, delta {claim.delta:g}",
        "certified": f"epsilon >= {bound.epsilon:.4f}" + (f", mu >= {bound.mu:.4f}" if bound.mu is not None else ""),
        "event": verdict.event,
        "seen": f"{likely}, {unlikely} ({verdict.pair})",
        "could have": f"{_reach(verdict.detectable_epsilon)} with {verdict.samples:,} samples per input",
        "alpha, seed": f"{verdict.alpha:g}, {verdict.seed}",
    }
    for name, text in rows.items():
        console.print(f"  {name:<12}{text}", markup=False, highlight=False, soft_wrap=True)


def _reach(detectable: float) -> str:
    return f"shown epsilon >= {detectable:.4g}" if detectable < float("inf") else "refuted nothing"


def _input(values: tuple[float, ...]) -> str:
    shown = ", ".join(f"{x:g}" for x in values[:12]) + (", ..." if len(values) > 12 else "")
    return f"[{shown}]"


def as_json(verdict: AuditVerdict) -> str:
    """One JSON object; infinity is null."""
    finite = verdict.detectable_epsilon < float("inf")
    return json.dumps(
        {
            "outcome": verdict.outcome,
            "explanation": verdict.explanation,
            "claim": {"epsilon": verdict.claim.epsilon, "delta": verdict.claim.delta},
            "certified_epsilon": verdict.bound.epsilon,
            "certified_mu": verdict.bound.mu,
            "event": verdict.event,
            "hits": asdict(verdict.bound.hits),
            "samples": verdict.samples,
            "pair": verdict.pair,
            "likely_input": verdict.likely,
            "unlikely_input": verdict.unlikely,
            "alpha": verdict.alpha,
            "seed": verdict.seed,
            "detectable_epsilon": verdict.detectable_epsilon if finite else None,
            "curve": [{"samples": n, "epsilon": epsilon} for n, epsilon in verdict.curve],
        },
        indent=1,
    )


def draw(verdict: AuditVerdict, path: Path) -> None:
    """The certified bound against the number of outputs, the claim as a line; SVG, PNG or PDF by the file's name.

    Raises:
        PictureError: no such format, or the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  half a second, only for a picture

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    samples, epsilons = zip(*verdict.curve, strict=True)
    axes.plot(samples, epsilons, marker="o", markersize=3, color="#1f4e79", label="certified lower bound")
    claimed = verdict.claim.epsilon
    axes.axhline(claimed, color="#b03a2e", linestyle="--", label=f"claim: epsilon {claimed:g}")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("fresh outputs per input")
    axes.set_ylabel("epsilon")
    axes.set_title(f"{verdict.outcome} at alpha {verdict.alpha:g}, delta {verdict.claim.delta:g}", loc="left")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as problem:
        msg = f"cannot draw {path}: {getattr(problem, 'strerror', None) or problem}"
        raise PictureError(msg) from problem
