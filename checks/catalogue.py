"""Every check there is, found by walking the rooms; a malformed one is refused when the catalogue is read."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tomllib
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from pydantic import TypeAdapter, ValidationError

from checks.model import Check, Gate, Severity, declared

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
    "containers",
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
    crosswalk: tuple[str, ...] = ()


_CONTROL = TypeAdapter(Control)


@cache
def controls() -> dict[str, Control]:
    """Control id -> control, from ``controls.toml``."""
    return read_controls((_HERE / "controls.toml").read_text(), "checks/controls.toml")


def read_controls(text: str, place: str) -> dict[str, Control]:
    """Control id -> control, from the text of a file of controls.

    Raises:
        CatalogueError: not TOML, or a control lacks something; the message names ``place``.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        msg = f"{place} is not TOML: {problem}"
        raise CatalogueError(msg) from problem
    return {identity: _control(identity, entry, place) for identity, entry in table.items()}


def _control(identity: str, entry: object, place: str) -> Control:
    try:
        return _CONTROL.validate_python({"id": identity, **(entry if isinstance(entry, dict) else {})})
    except ValidationError as problem:
        first = problem.errors()[0]
        msg = f"{place}: control {identity}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise CatalogueError(msg) from problem


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
    module = importlib.import_module(f"checks.{identity.replace('/', '.')}")
    return rule_in(module, identity, f"checks/{identity}.py", controls())


def rule_in(module: ModuleType, identity: str, place: str, known: Mapping[str, Control]) -> Check:
    """The check that a module declares.

    Args:
        identity: its id; what follows the last ``/`` is the name of its function.
        place: the module's file, as messages name it.
        known: controls that it may cite.

    Raises:
        CatalogueError: it is declared wrongly.
    """
    name = identity.rpartition("/")[2]
    public = [
        f
        for n, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and not n.startswith("_")
    ]
    if [f.__name__ for f in public] != [name] or not hasattr(public[0], "__check__"):
        msg = f"{_line(place, *public)}: it must hold one public function, {name}, marked with @check"
        raise CatalogueError(msg)
    if not module.__doc__:
        msg = f"{place}, line 1: there is no docstring to state its claim"
        raise CatalogueError(msg)
    function = public[0]
    needs = tuple((p, kind) for p, kind in _annotations(function, place).items() if p not in ("policy", "return"))
    rule = declared(function, identity=identity, claim=" ".join(module.__doc__.split("\n\n")[0].split()), needs=needs)
    said = vars(rule)
    if not isinstance(said["gate"], Gate) or not isinstance(said["severity"], Severity):
        msg = f"{_line(place, function)}: {name} must have a gate of Gate and a severity of Severity"
        raise CatalogueError(msg)
    if not isinstance(said["violations"], tuple) or not isinstance(said["controls"], tuple):
        msg = f"{_line(place, function)}: the controls and violations of {name} must be tuples: (one,)"
        raise CatalogueError(msg)
    if not rule.violations:
        msg = f"{_line(place, function)}: {name} names no violation that it must catch"
        raise CatalogueError(msg)
    unknown = [c for c in rule.controls if c not in known]
    if unknown or not rule.controls:
        msg = f"{_line(place, function)}: {name} cites controls that controls.toml lacks: {unknown or 'none given'}"
        raise CatalogueError(msg)
    for builder in (*rule.violations, *((rule.clean,) if rule.clean else ())):
        if not inspect.isfunction(builder):
            msg = f"{_line(place, function)}: what builds a target for {name} must be a function, not {builder!r}"
            raise CatalogueError(msg)
        if _annotations(builder, place).get("return") not in [t for _, t in needs]:
            msg = f"{_line(place, builder)}: {builder.__name__} must be annotated with the target that it builds"
            raise CatalogueError(msg)
    return rule


def _annotations(function: Callable[..., object], place: str) -> dict[str, type]:
    """Parameter, or ``return`` -> type; every parameter has one."""
    try:
        hints = typing.get_type_hints(function)
    except Exception as problem:
        msg = f"{_line(place, function)}: an annotation of {function.__name__} means nothing: {problem}"
        raise CatalogueError(msg) from problem
    bare = [p for p in inspect.signature(function).parameters if p not in hints]
    if bare:
        msg = f"{_line(place, function)}: {function.__name__} must say what {bare[0]} is, e.g. {bare[0]}: Api"
        raise CatalogueError(msg)
    return hints


def _line(place: str, *functions: Callable[..., object]) -> str:
    """``place, line N``: of the last of these functions; of none, of the file."""
    code = getattr(functions[-1], "__code__", None) if functions else None
    return f"{place}, line {code.co_firstlineno}" if code else place
