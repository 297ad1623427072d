"""Every check there is, found by walking the rooms; a malformed one is refused when the catalogue is read."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tomllib
import typing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from checks.model import Check, declared

ROOMS = (
    "tls",
    "http",
    "access",
    "audit",
    "data",
    "backup",
    "recovery",
    "privacy",
    "performance",
    "operations",
    "hosts",
    "federation",
)
_HERE = Path(__file__).parent


class CatalogueError(Exception):
    """A check or a control is declared wrongly; the message names it."""


@dataclass(frozen=True)
class Control:
    """One requirement of a framework.

    Args:
        id: e.g. ``hipaa:164.312(a)(1)``.
        citation: where it stands.
        title: its name there.
        required: required, or addressable (45 CFR 164.306(d)).
        crosswalk: ids of the same requirement in other frameworks.
    """

    id: str
    citation: str
    title: str
    required: bool
    crosswalk: tuple[str, ...]


@cache
def controls() -> dict[str, Control]:
    """Control id -> control, from ``controls.toml``."""
    table = tomllib.loads((_HERE / "controls.toml").read_text())
    return {
        identity: Control(
            id=identity,
            citation=entry["citation"],
            title=entry["title"],
            required=entry["required"],
            crosswalk=tuple(entry.get("crosswalk", ())),
        )
        for identity, entry in table.items()
    }


@cache
def catalogue() -> tuple[Check, ...]:
    """Every check, ordered by room and name.

    Raises:
        CatalogueError: a room is empty, an id appears twice, a check has no violation, or cites an unknown control.
    """
    found: dict[str, Check] = {}
    for room in ROOMS:
        package = importlib.import_module(f"checks.{room}")
        if not (names := names_in(package)):
            msg = f"checks/{room} holds no check"
            raise CatalogueError(msg)
        for name in names:
            rule = read(f"{room}/{name}")
            if rule.id in found:
                msg = f"{rule.id} is declared twice"
                raise CatalogueError(msg)
            found[rule.id] = rule
    return tuple(found.values())


def names_in(package: ModuleType) -> list[str]:
    """Names of the checks in a room; a leading underscore marks a helper."""
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def read(identity: str) -> Check:
    """The check ``room/name``.

    Raises:
        CatalogueError: it is declared wrongly.
    """
    name = identity.rpartition("/")[2]
    module = importlib.import_module(f"checks.{identity.replace('/', '.')}")
    public = [
        f
        for n, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and not n.startswith("_")
    ]
    if [f.__name__ for f in public] != [name] or not hasattr(public[0], "__check__"):
        msg = f"checks/{identity}.py must hold one public function, {name}, marked with @check"
        raise CatalogueError(msg)
    if not module.__doc__:
        msg = f"checks/{identity}.py has no docstring to state its claim"
        raise CatalogueError(msg)
    hints = typing.get_type_hints(public[0])
    needs = tuple((p, hints[p]) for p in inspect.signature(public[0]).parameters if p != "policy")
    rule = declared(public[0], identity=identity, claim=" ".join(module.__doc__.split("\n\n")[0].split()), needs=needs)
    if not rule.violations:
        msg = f"checks/{identity}.py names no violation that it must catch"
        raise CatalogueError(msg)
    unknown = [c for c in rule.controls if c not in controls()]
    if unknown or not rule.controls:
        msg = f"checks/{identity}.py cites controls that controls.toml lacks: {unknown or 'none given'}"
        raise CatalogueError(msg)
    for violation in rule.violations:
        broken = typing.get_type_hints(violation).get("return")
        if broken not in [t for _, t in needs]:
            msg = f"{identity}: {violation.__name__} must be annotated with the target that it breaks"
            raise CatalogueError(msg)
    return rule
