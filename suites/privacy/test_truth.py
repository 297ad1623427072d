"""Published and computed values: dp-accounting, the product and the closed forms all reproduce them."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from suites.privacy.questions import QUESTIONS


@dataclass(frozen=True)
class TruthRow:
    """One line of the table."""

    question: str
    parameters: dict[str, float]
    value: float
    source: str
    published: bool
    tolerance: float = 0.0
    absolute: float = 0.0

    def __str__(self) -> str:
        """The test's id."""
        return f"{self.question}: {', '.join(f'{name} {value:g}' for name, value in self.parameters.items())}"

    def agrees(self, found: float) -> bool:
        """Whether a value is this one, within the tolerance."""
        return math.isclose(found, self.value, rel_tol=self.tolerance, abs_tol=self.absolute)


ROWS = [TruthRow(**row) for row in tomllib.loads((Path(__file__).parent / "truth.toml").read_text())["row"]]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_truth_value_is_reproduced(row: TruthRow) -> None:
    """By everybody who answers the question."""
    question = QUESTIONS[row.question]
    answers = {"dp-accounting": question.library(**row.parameters)}
    answers |= {f"product {n}": ask(**row.parameters) for n, ask in enumerate(question.product)}
    answers |= {"closed form": question.formula(**row.parameters)} if question.formula else {}
    wrong = {who: found for who, found in answers.items() if not row.agrees(found)}
    assert wrong == {}, f"should be {row.value} ({row.source})"


def test_the_table_covers_what_it_should() -> None:
    """Enough rows, each with its source, and every kind of question."""
    assert len(ROWS) >= 40
    assert all(len(row.source) > 10 for row in ROWS)
    assert set(QUESTIONS) == {row.question for row in ROWS}
    assert Counter(row.published for row in ROWS)[True] >= 20


@pytest.mark.parametrize(
    ("question", "parameters", "stated"),
    [
        ("gaussian epsilon, analytic", {"sigma": 1.5, "delta": 1e-6}, "3.0976"),
        ("gaussian epsilon, by RDP", {"sigma": 1.5, "delta": 1e-6}, "3.3187"),
        ("gaussian epsilon, analytic", {"sigma": 1.5, "delta": 1e-6, "releases": 100}, "53.1585"),
        ("gaussian epsilon, by RDP", {"sigma": 1.5, "delta": 1e-6, "releases": 100}, "55.7237"),
        ("gaussian sigma, analytic", {"epsilon": 0.05, "delta": 1e-6}, "69.2712"),
        ("gaussian sigma, by RDP", {"epsilon": 0.05, "delta": 1e-6}, "77.1926"),
        ("DP-SGD epsilon, by RDP", {"q": 256 / 60000, "sigma": 1.1, "steps": 14062, "delta": 1e-5}, "2.5966"),
        ("DP-SGD epsilon, by PLD", {"q": 256 / 60000, "sigma": 1.1, "steps": 14062, "delta": 1e-5}, "2.3817"),
    ],
)
def test_the_figures_that_the_project_states_are_dp_accountings(
    question: str, parameters: dict[str, float], stated: str
) -> None:
    """To the last decimal that is stated."""
    assert f"{QUESTIONS[question].library(**parameters):.4f}" == stated
    assert any(row.question == question and row.parameters == parameters for row in ROWS)
