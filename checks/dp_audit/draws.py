"""Outputs of a mechanism, as a rectangle of finite numbers."""

from __future__ import annotations

import numpy as np

from checks.dp_audit.model import Floats, MechanismError, Sample


def draw(sample: Sample, values: tuple[float, ...], size: int, chance: np.random.Generator) -> Floats:
    """Outputs for an input, shape (size, d).

    Raises:
        MechanismError: it raised, or answered with something else.
    """
    try:
        made = sample(np.array(values, dtype=np.float64), size, chance)
        outputs = np.asarray(made, dtype=np.float64)
    except (Exception, SystemExit) as problem:  # a mechanism that ends the process would end the audit with its status
        msg = f"sample raised {type(problem).__name__} for {list(values)}: {problem}"
        raise MechanismError(msg) from problem
    if outputs.ndim == 1:
        outputs = outputs[:, np.newaxis]
    if outputs.ndim != 2 or outputs.shape[0] != size or outputs.shape[1] < 1:
        msg = f"sample must return {size} outputs, shape ({size},) or ({size}, d); it returned shape {np.shape(made)}"
        raise MechanismError(msg)
    if not np.isfinite(outputs).all():
        what = "NaN" if np.isnan(outputs).any() else "infinity"
        msg = f"sample returned {what} for {list(values)}: encode special outcomes as finite numbers"
        raise MechanismError(msg)
    return outputs
