"""Faults 18, 19, 23 and 24: what an audit of a mechanism file says, and what it can see."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from checks.dp_audit.audit import audit
from checks.dp_audit.bounds import certified
from checks.dp_audit.model import AuditOutcome, AuditPlan, AuditVerdict, Claim, Floats, Pair
from cli import main
from fixtures.reference.router.privacy.calibration import analytic_multiplier
from suites.privacy.zoo.specimen import grid

ONE = (Pair("none and one", (0.0,), (1.0,)),)
LAPLACE = "def sample(values, size, rng):\n    return values.sum() + rng.laplace(0, 1, size)\n"


def scanned(folder: Path, source: str, *options: str) -> Result:
    file = folder / "mechanism.py"
    file.write_text(source)
    return CliRunner().invoke(main, ["scan", "dp", str(file), *options])


@pytest.mark.parametrize("option", ["--epsilon", "--delta", "--alpha"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_refused(option: str, value: str, tmp_path: Path) -> None:
    asked = {"--epsilon": "1", "--delta": "0", "--alpha": "1e-6"} | {option: value}
    result = scanned(tmp_path, LAPLACE, *(word for pair in asked.items() for word in pair), "--samples", "1000")

    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert option in result.stderr


@pytest.mark.parametrize("epsilon", ["11", "30"])
@pytest.mark.parametrize("mode", [(), ("--sequential",)])
def test_a_claim_that_no_sample_could_refute_is_undecided(epsilon: str, mode: tuple[str, ...], tmp_path: Path) -> None:
    rounded = "import numpy as np\n" + LAPLACE.replace("return values.sum() +", "return np.round(values.sum()) + 4 *")
    result = scanned(tmp_path, rounded, "--epsilon", epsilon, "--samples", "1000", *mode)

    assert (result.exit_code, result.output.split("  ")[0]) == (3, "UNDECIDED")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("np.random.default_rng(7).laplace(0, 1, size) + values.sum()", "whatever generator it is given"),
        ("np.random.default_rng(int(values.sum())).laplace(0, 1, size)", "whatever generator it is given"),
        ("values.sum() + rng.laplace() + np.zeros(size)", "repeats the same few outputs"),
        ("values.sum() + np.resize(rng.laplace(0, 1, 10), size)", "repeats the same few outputs"),
    ],
)
@pytest.mark.parametrize("mode", [(), ("--sequential",)])
def test_outputs_that_are_not_drawn_anew_are_a_fault_of_the_file(
    body: str, complaint: str, mode: tuple[str, ...], tmp_path: Path
) -> None:
    source = f"import numpy as np\ndef sample(values, size, rng):\n    return {body}\n"
    result = scanned(tmp_path, source, "--epsilon", "1", "--samples", "2000", *mode)

    assert result.exit_code == 2
    assert complaint in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "body",
    [
        "np.where(rng.random(size) < 1e-5, 1 - values[0], values[0])",  # hardly ever varies
        "np.round(values[0] + rng.laplace(0, 1e6, size))",  # hardly ever repeats
        "(rng.random(size) < 0.5 + 0.1 * values[0]) * 1.0",
    ],
)
def test_outputs_that_happen_to_be_alike_are_none(body: str, tmp_path: Path) -> None:
    pairs = "NEIGHBOURS = [([0.0], [1.0])]"
    source = f"import numpy as np\n{pairs}\ndef sample(values, size, rng):\n    return {body}\n"
    result = scanned(tmp_path, source, "--epsilon", "20", "--samples", "2000")

    assert result.exit_code in {0, 3}, result.output


def _with_atom(rarity: float, values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Noise that keeps epsilon 0.25, but for the input itself, which comes through once in a while."""
    return np.where(rng.random(size) < rarity, values[0] + 0.25, grid(values[0] + rng.laplace(0, 4, size)))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rarity", [1e-4, 3e-4, 1e-3])
def test_an_atom_in_continuous_noise_refutes(rarity: float, seed: int) -> None:
    verdict = audit(
        lambda v, n, r: _with_atom(rarity, v, n, r), Claim(0.5), ONE, AuditPlan(500_000, 1e-6, seed, bits=False)
    )

    assert verdict.outcome is AuditOutcome.REFUTED
    assert ".25)" in verdict.event
    assert verdict.smallest_event <= 1.1e-4


def test_an_audit_says_how_rare_an_event_it_could_have_seen(tmp_path: Path) -> None:
    body = "np.round(values[0] + rng.laplace(0, 1, size))"
    source = f"import numpy as np\nNEIGHBOURS = [([0.0], [1.0])]\ndef sample(values, size, rng):\n    return {body}\n"
    said = json.loads(scanned(tmp_path, source, "--epsilon", "1", "--samples", "50000", "--json").output)

    assert said["outcome"] == "not refuted"
    assert 1e-4 < said["smallest_event"] < 5e-3


@pytest.mark.parametrize(("epsilon", "delta"), [(0.3, 1e-6), (1.0, 1e-5), (2.0, 1e-5)])
def test_of_a_gaussian_at_half_its_sigma_the_event_is_chosen_by_what_it_certifies(epsilon: float, delta: float) -> None:
    sigma = analytic_multiplier(epsilon, delta) / 2

    def sample(values: Floats, size: int, rng: np.random.Generator) -> Floats:
        return grid(values[0] + rng.normal(0, sigma, size))

    shares = []
    for seed in (1, 2, 3):
        verdict = audit(sample, Claim(epsilon, delta), ONE, AuditPlan(500_000, 1e-6, seed))
        shares.append(verdict.bound.epsilon / _best_threshold(sample, verdict))

    assert (
        np.mean(shares) > 0.88
    )  # of the best of 320 thresholds, which is chosen on the very outputs that it certifies


def _best_threshold(sample: object, verdict: AuditVerdict) -> float:
    """What the best threshold certifies on fresh outputs, tails included."""
    assert callable(sample)
    size, chance = verdict.bound.hits.of_likely, np.random.default_rng(verdict.seed + 1000)
    likely, unlikely = (np.sort(sample(np.array(v), size, chance)) for v in (verdict.likely, verdict.unlikely))
    tail = np.geomspace(1e-5, 0.01, 60)
    marks = np.quantile(
        np.concatenate((likely, unlikely)), np.concatenate((tail, np.linspace(0.01, 0.99, 200), 1 - tail))
    )
    whole = np.full(len(marks), size)
    found = []
    for above in (True, False):
        one, two = (np.searchsorted(x, marks) for x in (likely, unlikely))
        counts = (size - one, whole, size - two, whole) if above else (one, whole, two, whole)
        found.append(certified(counts, delta=verdict.claim.delta, alpha=verdict.alpha).max())
    return float(max(found))
