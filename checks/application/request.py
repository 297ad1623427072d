"""A request with placeholders, which descriptions name and clients fill in and send."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from checks.model import NotDeclaredError

Json = JsonValue
STRICT = ConfigDict(extra="forbid")
Path = Annotated[str, Field(pattern=r"^/")]

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, config=STRICT)
class Request:
    """An HTTP request with placeholders, e.g. ``GET /fhir/Patient/{patient}``.

    Args:
        path: below the application's base URL, with its query; values are percent-encoded when they are filled in.
        json: the body, in whose texts placeholders are filled as they are; None sends none.
        form: the body as ``application/x-www-form-urlencoded``, in place of ``json``.
    """

    method: Annotated[str, Field(pattern=r"^[A-Z]+$")]
    path: Path
    json: Json = None
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:  # noqa: ANN401  whatever the file says
        """``GET /path`` is a request without a body."""
        short = given.args[0] if isinstance(given, ArgsKwargs) and len(given.args or ()) == 1 else given
        if not isinstance(short, str):
            return given
        method, _, path = short.partition(" ")
        return {"method": method, "path": path.strip()}

    def __str__(self) -> str:
        """Method and path, without the query."""
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def placeholders(self) -> frozenset[str]:
        """Names of everything that must be filled in."""
        texts = [self.path, *self.form.values(), *self.headers.values(), *_texts(self.json)]
        return frozenset(name for text in texts for name in PLACEHOLDER.findall(text))

    def is_one_of(self, method: str, template: str) -> bool:
        """Whether it is a request of an operation, whose path has its placeholders under names of its own."""
        path = self.path.partition("?")[0].rstrip("/")
        same = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template.rstrip("/")))
        return self.method == method and re.fullmatch(same, path) is not None

    @property
    def encoded(self) -> tuple[bytes, str]:
        """The body as it is sent, and its media type; both empty when there is none."""
        if self.form:
            return urlencode(self.form).encode(), "application/x-www-form-urlencoded"
        if self.json is not None:
            return json.dumps(self.json).encode(), "application/json"
        return b"", ""

    def filled(self, values: Mapping[str, str]) -> Request:
        """The same with every placeholder replaced.

        Raises:
            CannotLookError: nothing yields one of them.
        """
        missing = sorted(self.placeholders - set(values))
        if missing:
            msg = f"nothing yields {{{missing[0]}}}, which {self} needs"
            raise NotDeclaredError(msg, "acts")

        def fill(text: str) -> str:
            return PLACEHOLDER.sub(lambda found: values[found[1]], text)

        return replace(
            self,
            path=PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), self.path),
            json=_mapped(self.json, fill),
            form={name: fill(text) for name, text in self.form.items()},
            headers={name: fill(text) for name, text in self.headers.items()},
        )


def _texts(value: Json) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _mapped(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mapped(inner, change) for inner in value]
    return value
