"""Where in a file of a user's own an error was raised, so that a verdict can name the line.

What loads such a file marks its module with `MARK`; nothing else tells its code from that of clinical-gate.
"""

from __future__ import annotations

from types import TracebackType

MARK = "__own_file__"  # the name of the file, as the user gave it


def raised_at(problem: BaseException) -> str:
    """``clinic.py, line 12``: the innermost line of a user's own file that led to an error; empty where there is
    none.
    """
    place, at = "", problem.__traceback__
    while isinstance(at, TracebackType):
        if file := at.tb_frame.f_globals.get(MARK):
            place = f"{file}, line {at.tb_lineno}"
        at = at.tb_next
    return place
