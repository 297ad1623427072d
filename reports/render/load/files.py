"""A load as files: its record, a percentile file per group, and four pictures.

`evidence` gives them to the signed report, `write_pictures` to anybody who sends a load by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from checks.targets import Load
from reports.files import write_atomically
from reports.render.load._series import all_requests, groups, times_inside
from reports.render.load.hgrm import hgrm
from reports.render.load.over_time import over_time
from reports.render.load.percentiles import percentiles
from reports.render.load.throughput import throughput
from reports.render.load.tokens import tokens
from reports.render.privacy import PictureError

FOLDER = "load"
_PICTURES: Mapping[str, Callable[[Load, str], bytes | None]] = {
    "over-time": over_time,
    "percentiles": percentiles,
    "throughput": throughput,
    "tokens": tokens,
}
_TIMES = ("first_token", "first_output_token", "per_token", "per_chunk", "gap", "refused")


def write_pictures(load: Load, directory: Path, kind: str = "svg") -> tuple[Path, ...]:
    """Write a load's pictures, percentile files and record into a folder, which is made if it is not there.

    Args:
        kind: of the pictures, ``svg`` or ``png``.

    Returns:
        what was written, the pictures first.

    Raises:
        reports.render.privacy.PictureError: the folder cannot be written.
    """
    files = pictures(load, kind) | tables(load)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(directory / name, content)
    except OSError as problem:
        msg = f"cannot write {problem.filename or directory}: {problem.strerror}"
        raise PictureError(msg) from problem
    return tuple(directory / name for name in files)


def evidence(loads: Iterable[Load]) -> dict[str, bytes]:
    """The files of some loads for a report's evidence: ``load/PROFILE/NAME`` -> content.

    A report is not lost for want of a picture: in the place of pictures that cannot be drawn stands the reason.
    """
    files: dict[str, bytes] = {}
    for load in loads:
        name = plain = _plain(load.profile)
        number = 1
        while any(path.startswith(f"{FOLDER}/{name}/") for path in files):
            number += 1
            name = f"{plain}-{number}"
        try:
            drawn = pictures(load)
        except Exception as problem:  # noqa: BLE001  see above
            drawn = {"no-pictures.txt": f"{type(problem).__name__}: {problem}\n".encode()}
        files |= {f"{FOLDER}/{name}/{file}": content for file, content in (drawn | tables(load)).items()}
    return files


def pictures(load: Load, kind: str = "svg") -> dict[str, bytes]:
    """File name -> content of each picture that the load has something for."""
    drawn = {f"{name}.{kind}": draw(load, kind) for name, draw in _PICTURES.items()}
    return {name: content for name, content in drawn.items() if content is not None}


def tables(load: Load) -> dict[str, bytes]:
    """``record.json`` with every histogram, and a percentile file per group and per kind of time inside it."""
    files = {"record.json": json.dumps(asdict(load)).encode()}
    if groups(load):
        files["all.hgrm"] = hgrm(all_requests(load))
    files |= {f"{_plain(group.kind)}.hgrm": hgrm(group) for group in groups(load)}
    for suffix in _TIMES:
        files |= {f"{_plain(f'{part.kind}-{suffix}')}.hgrm": hgrm(part) for part in times_inside(load, suffix)}
    return files


def _plain(name: str) -> str:
    """A name that a file may have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "load"
