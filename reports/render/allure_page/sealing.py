"""Seal a page that Allure made: no script of a third party, and a policy that lets it ask no network for anything.

Allure 3 writes a tracker into every page (``analyticsEnable: true`` in its ``generators.js``) and has no option that
leaves it out.
"""

from __future__ import annotations

import base64
import hashlib
import re

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_ASKS = re.compile(
    r"""<(?!/)[a-z][^>]*?\b(?:src|href|srcset|data|action|poster)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE
)
_OWN = "data:text/javascript;base64,"
# The tracker's own script; and a <base> of the page's own address, which a page of one file does not need.
_LEFT_OUT = re.compile(r"\bgtag\(|createElement\(\"base\"\)")
# What the page shows of itself is in it, and is asked for by data: and blob:; neither leaves the browser.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "media-src data: blob:; connect-src data: blob:; frame-src data: blob:; base-uri 'none'; form-action 'none'"
)


class PageError(ValueError):
    """A page is not what Allure makes, or would ask a network; the message says what is wrong."""


def seal(page: str, top: str = "") -> str:
    """The page without what asks a network, and with a Content-Security-Policy that names its scripts by digest.

    Args:
        page: as Allure made it.
        top: HTML to stand first in its body; its scripts may run, too.

    Raises:
        PageError: it has no head or body, or something is left that would ask a network.
    """
    digests: list[str] = []
    last: list[str] = []

    def kept(found: re.Match[str]) -> str:
        own = _OWN in found[1]
        content = _content(found[1], found[2])
        if content is None:
            return ""
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        digests.append(f"'sha256-{digest}'")
        script = f"<script>{content}</script>"
        if own:
            last.append(script)
        return "" if own else script

    sealed, top = _SCRIPT.sub(kept, page), _SCRIPT.sub(kept, top)
    outside = _SCRIPT.sub("", top + sealed)
    if left := [asked for asked in _ASKS.findall(outside) if not asked.startswith(("data:", "#"))]:
        msg = f"the page would ask for {left[0][:80]}"
        raise PageError(msg)
    head, tag, rest = sealed.partition("<head>")
    inside, body, shown = rest.partition("<body>")
    if not (tag and body and digests):
        msg = "the page has no head, no body or no script"
        raise PageError(msg)
    policy = _POLICY.format(scripts=" ".join(digests))
    metas = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
    )
    shown = shown.replace('<div id="app">', '<div id="app" role="main">', 1)
    shown, end, after = shown.rpartition("</body>")
    # The application comes after its data: else it may look for them before they are there, and ask a server for them.
    return f"{head}{tag}{metas}{inside}{body}{top}{shown}{''.join(last)}{end}{after}"


def _content(attributes: str, inline: str) -> str | None:
    """What a script does; None where it is left out."""
    source = _SOURCE.search(attributes)
    if source is None:
        return None if _LEFT_OUT.search(inline) else inline
    if not source[1].startswith(_OWN):
        return None
    content = base64.b64decode(source[1].removeprefix(_OWN)).decode()
    # Inside of a script element these would end it, or make the browser look for another end.
    return re.sub(r"<(?=/?script)", r"\\x3c", content, flags=re.IGNORECASE)
