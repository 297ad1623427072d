"""``clinical-gate scan dp``: what it says of a file, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main

LAPLACE = """
import numpy as np
NEIGHBOURS = [([0.0], [1.0])]
def sample(values, size, rng):
    return np.round(values[0] + rng.laplace(0, {scale}, size))
"""


def scanned(folder: Path, source: str, *options: str) -> Result:
    file = folder / "mechanism.py"
    file.write_text(source)
    return CliRunner().invoke(main, ["scan", "dp", str(file), "--epsilon", "1", "--samples", "50000", *options])


def test_a_true_claim_is_not_refuted(tmp_path: Path) -> None:
    result = scanned(tmp_path, LAPLACE.format(scale=1))

    assert (result.exit_code, result.output.split("  ")[0]) == (0, "NOT REFUTED")
    assert "could have  shown epsilon >= 1.073" in result.output


def test_a_false_claim_is_refuted_with_event_pair_and_seed(tmp_path: Path) -> None:
    result = scanned(tmp_path, LAPLACE.format(scale=0.5), "--json", "--seed", "7")
    said = json.loads(result.output)

    assert result.exit_code == 1
    assert said["outcome"] == "refuted"
    assert 1 < said["certified_epsilon"] < 2
    assert (said["seed"], said["alpha"], said["samples"]) == (7, 1e-6, 50_000)
    assert sorted([said["likely_input"], said["unlikely_input"]]) == [[0.0], [1.0]]
    assert said["event"].startswith("output ")


def test_too_few_samples_leave_it_undecided(tmp_path: Path) -> None:
    result = scanned(tmp_path, LAPLACE.format(scale=1), "--samples", "100")

    assert (result.exit_code, result.output.split("  ")[0]) == (3, "UNDECIDED")


def test_a_search_finds_inputs_that_no_pattern_has(tmp_path: Path) -> None:
    source = """
import numpy as np
def sample(values, size, rng):
    if values[0] >= 7:
        return np.full(size, values[0])
    return np.round(values[0] + rng.laplace(0, 1, size))
"""
    without = scanned(tmp_path, source, "--length", "1")
    searched = scanned(tmp_path, source, "--length", "1", "--search", "40")

    assert (without.exit_code, searched.exit_code) == (0, 1)
    assert "found by search" in searched.output


def test_a_mechanism_that_fails_once_in_a_search_gets_one_sentence(tmp_path: Path) -> None:
    source = """
calls = []
def sample(values, size, rng):
    calls.append(size)
    if len(calls) == 30:
        raise RuntimeError("out of entropy")
    return rng.normal(size=size)
"""
    result = scanned(tmp_path, source, "--length", "1", "--search", "40")

    assert result.exit_code == 2
    assert "sample raised RuntimeError" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("options", [(), ("--search", "20")])
def test_an_interrupted_scan_is_not_a_refuted_one(options: tuple[str, ...], tmp_path: Path) -> None:
    source = """
calls = []
def sample(values, size, rng):
    calls.append(size)
    if len(calls) == 30:
        raise KeyboardInterrupt
    return rng.normal(values[0], 1, size)
"""
    result = scanned(tmp_path, source, *options)

    assert (result.exit_code, result.stderr) == (2, "clinical-gate: interrupted\n")


def test_the_picture_is_written(tmp_path: Path) -> None:
    result = scanned(tmp_path, LAPLACE.format(scale=0.5), "--plot", str(tmp_path / "bound.svg"))

    assert result.exit_code == 1
    assert "<svg" in (tmp_path / "bound.svg").read_text()


_TIRES = """
seen = []
def sample(v, n, r):
    seen.append(n)
    assert len(seen) < 12, 'out of entropy'
    return r.normal(size=n)
"""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1", "defines no function sample(values, size, rng)"),
        ("sample = 3", "defines no function sample(values, size, rng)"),
        ("def sample(", "line 1, is not Python"),
        ("import nowhere_at_all", "line 1 raises ModuleNotFoundError when it is imported"),
        ("raise SystemExit(0)", "line 1 raises SystemExit when it is imported"),
        ("def sample(v, n, r): return [0] * 3", "it returned shape (3,)"),
        ("def sample(v, n, r): return [float('nan')] * n", "sample returned NaN"),
        ("def sample(v, n, r): return [2.0] * n", "answers every input with one and the same number"),
        ("def sample(v, n, r): raise KeyError('ward')", "sample raised KeyError"),
        (_TIRES, "sample raised AssertionError"),
        ("NEIGHBOURS = [1]\ndef sample(v, n, r): return r.normal(size=n)", "NEIGHBOURS must be a list of pairs"),
        ("NEIGHBOURS = [([1], [1])]\ndef sample(v, n, r): return r.normal(size=n)", "pairs an input with itself"),
    ],
)
def test_what_cannot_be_audited_gets_one_sentence(tmp_path: Path, source: str, sentence: str) -> None:
    result = scanned(tmp_path, source)

    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "options", [["--epsilon", "0"], ["--delta", "1"], ["--samples", "many"], ["--alpha", "0"], ["--plot", "bound.xyz"]]
)
def test_impossible_options_are_refused(tmp_path: Path, options: list[str]) -> None:
    assert scanned(tmp_path, LAPLACE.format(scale=1), *options).exit_code == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scan", "dp", str(tmp_path / "nothing.py"), "--epsilon", "1"])

    assert result.exit_code == 2
    assert result.stderr == f"clinical-gate: there is no file {tmp_path / 'nothing.py'}\n"
