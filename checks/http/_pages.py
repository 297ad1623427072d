"""Which pages a rule about headers looks at: the declared ones, and always the front page and one that is not there."""

from __future__ import annotations

from checks.targets import Edge, EdgeAddress

_ALWAYS = ("/", "/no-such-page")


def pages_of(edge: Edge) -> tuple[str, ...]:
    """Each may be a location of the server with headers of its own: one that exists, and an error, at the least."""
    return tuple(dict.fromkeys((*edge.application.pages, *_ALWAYS)))


def url(edge: Edge, at: EdgeAddress, path: str) -> str:
    """What a finding calls a page; with the address, where the edge has several."""
    return f"https://{edge.server_name}{path}" + (f" at {at.address}" if len(edge.addresses()) > 1 else "")
