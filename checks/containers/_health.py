"""Whether a health check can fail, as far as its command shows.

    always_succeeds(("CMD-SHELL", "curl -f http://localhost/ || exit 0"))      # True
    always_succeeds(("CMD-SHELL", "curl -f http://localhost/ || exit 1"))      # False

Only what certainly succeeds counts: the last command of a line decides, unless the line ends earlier by itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

_SHELLS = ("sh", "ash", "bash", "dash")
_SUCCEEDING = ("true", ":", "echo", "printf")
_OPERATORS = frozenset({";", "|", "||", "&", "&&"})
_NEEDING_SUCCESS = "&&"


def always_succeeds(test: Sequence[str]) -> bool:
    """Whether a test in Docker's form succeeds whatever is the matter; ``NONE`` asks nothing and so never fails."""
    kind, command = (test[0], list(test[1:])) if test else ("", [])
    if kind == "NONE":
        return True
    if kind == "CMD-SHELL":
        return _line_succeeds(" ".join(command))
    program = command[0].rpartition("/")[2] if command else ""
    if program == "busybox":
        return always_succeeds(("CMD", *command[1:]))
    if program in _SHELLS and "-c" in command[1:-1]:
        return _line_succeeds(command[command.index("-c") + 1])
    return program in _SUCCEEDING


def _line_succeeds(line: str) -> bool:
    words = _words(line)
    if not words:
        return True
    exits = [after for word, after in zip(words, [*words, ";"][1:], strict=True) if word == "exit"]
    if any(status != "0" for status in exits) or "set" in words:
        return False  # it ends earlier, with another status
    places = [place for place, word in enumerate(words) if word in _OPERATORS]
    before = words[places[-1]] if places else ""
    last = words[places[-1] + 1 :] if places else words
    if before == _NEEDING_SUCCESS or not last:
        return False
    return last[0].rpartition("/")[2] in _SUCCEEDING or last == ["exit", "0"]


def _words(line: str) -> list[str]:
    """Words and operators of a shell's line; none of one that no shell understands, which fails."""
    reader = shlex.shlex(line.strip().rstrip(";").replace("\n", " ; "), posix=True, punctuation_chars=";|&")
    reader.whitespace_split = True
    try:
        return list(reader)
    except ValueError:
        return ["unreadable"]
