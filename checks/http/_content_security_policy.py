"""What a Content-Security-Policy lets an attacker do, by the algorithms of W3C's CSP Level 3.

    risks("script-src 'self' 'unsafe-inline'; frame-ancestors 'none'")   # ("content-security-policy allows inline...",)

A browser enforces every policy that it is sent, so an attacker may do only what all of them allow. The algorithms that
the comments name are those of https://www.w3.org/TR/CSP3/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Directives = Mapping[str, tuple[str, ...]]

# "Get fetch directive fallback list".
_SCRIPT_ELEMENT = ("script-src-elem", "script-src", "default-src")
_SCRIPT_ATTRIBUTE = ("script-src-attr", "script-src", "default-src")
# The grammar of "source lists".
_NONCE = re.compile(r"'nonce-[a-z0-9+/_-]+={0,2}'", re.IGNORECASE)
_HASH = re.compile(r"'sha(?:256|384|512)-[a-z0-9+/_-]+={0,2}'", re.IGNORECASE)
_HOST_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>[^/:']+)(?::(?:\d+|\*))?(?:/.*)?", re.IGNORECASE
)
_WEB_SCHEMES = ("http", "https", "ws", "wss")  # each stands for https as well: "scheme-part matches"
_ASCII_WHITESPACE = "\t\n\f\r "


def policies(header: str) -> tuple[Directives, ...]:
    """The policies of a header, or of several joined by commas; of directives of one name the first counts."""
    found = []
    for serialized in header.split(","):
        directives: dict[str, tuple[str, ...]] = {}
        for part in serialized.split(";"):
            name, *values = _words(part) or ("",)
            if name and name.lower() not in directives:
                directives[name.lower()] = tuple(values)
        if directives:
            found.append(directives)
    return tuple(found)


def risks(header: str) -> tuple[str, ...]:
    """What the policies of a header together still allow, in words; nothing when they hold."""
    found = policies(header)
    if not found:
        return ("no content-security-policy",)
    return tuple(text for text, allowed in _RISKS.items() if all(allowed(policy) for policy in found))


def _inline_script(policy: Directives) -> bool:
    sources = _effective(policy, _SCRIPT_ELEMENT)
    return sources is None or _allows_inline(sources)


def _inline_handler(policy: Directives) -> bool:
    sources = _effective(policy, _SCRIPT_ATTRIBUTE)
    return sources is None or _allows_inline(sources)


def _foreign_script(policy: Directives) -> bool:
    sources = _effective(policy, _SCRIPT_ELEMENT)
    return sources is None or (not _strict_dynamic(sources) and any(map(_is_anywhere, sources)))


def _script_from_data(policy: Directives) -> bool:
    sources = _effective(policy, _SCRIPT_ELEMENT)
    return sources is None or (not _strict_dynamic(sources) and any(s.lower() == "data:" for s in sources))


def _framing(policy: Directives) -> bool:
    sources = policy.get("frame-ancestors")  # it has no fall-back
    return sources is None or any(map(_is_anywhere, sources))


_RISKS: Mapping[str, Callable[[Directives], bool]] = {
    "content-security-policy allows inline scripts": _inline_script,
    "content-security-policy allows inline event handlers": _inline_handler,
    "content-security-policy allows scripts from anywhere": _foreign_script,
    "content-security-policy allows scripts in data: URLs": _script_from_data,
    "content-security-policy lets anybody frame the page (frame-ancestors)": _framing,
}


def _effective(policy: Directives, names: tuple[str, ...]) -> tuple[str, ...] | None:
    return next((policy[name] for name in names if name in policy), None)


def _allows_inline(sources: tuple[str, ...]) -> bool:
    """Does a source list allow all inline behavior: a nonce, a hash or 'strict-dynamic' undoes 'unsafe-inline'."""
    guarded = _strict_dynamic(sources) or any(_NONCE.fullmatch(s) or _HASH.fullmatch(s) for s in sources)
    return not guarded and "'unsafe-inline'" in map(str.lower, sources)


def _strict_dynamic(sources: tuple[str, ...]) -> bool:
    """Script directives pre-request check: with it, what a page's markup loads needs a nonce or a hash, whatever hosts
    and schemes stand beside it.
    """
    return "'strict-dynamic'" in map(str.lower, sources)


def _is_anywhere(source: str) -> bool:
    """Does url match expression in origin, of an https URL on a host that anybody may have."""
    if source.endswith(":") and source[:-1].lower() in _WEB_SCHEMES:
        return True
    parts = _HOST_SOURCE.fullmatch(source)
    if parts is None or (parts["scheme"] or "https").lower() not in _WEB_SCHEMES:
        return False
    # A wildcard right below a top-level domain matches whatever is registered there.
    return parts["host"] == "*" or (parts["host"].startswith("*.") and "." not in parts["host"][2:])


def _words(text: str) -> list[str]:
    return [word for word in re.split(f"[{_ASCII_WHITESPACE}]+", text) if word]
