"""Requests at a steady rate to the front doors of a stack, each to the next door when one does not answer.

    with SteadyRequests(("10.64.0.2", "10.64.0.3"), ca) as traffic:
        ...
    traffic.lost      # requests that no front door answered with 200

The rate does not wait for answers (open loop): what a fault delays is seen.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

RATE, PATIENCE_S = 40.0, 3.0
_AT_ONCE, _OK = 64, 200


@dataclass(frozen=True)
class SentRequest:
    """One request: when it was to be sent and was done with (monotonic, s), its status (0: no answer), what it said."""

    sent: float
    done: float
    status: int
    version: str
    key: str


class SteadyRequests:
    """Runs while it is entered.

    Args:
        doors: addresses of the front doors.
        ca: PEM file of who signed their certificate.
    """

    def __init__(self, doors: Sequence[str], ca: Path) -> None:
        self._doors = tuple(doors)
        self._context = ssl.create_default_context(cafile=str(ca))
        self._context.check_hostname = False
        self.seen: list[SentRequest] = []
        self._lock, self._over = threading.Lock(), threading.Event()
        self._pacing = threading.Thread(target=self._pace)

    def __enter__(self) -> Self:
        self._pacing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._pacing.join()

    @property
    def lost(self) -> list[SentRequest]:
        """Those that were not answered with 200."""
        return [each for each in self.seen if each.status != _OK]

    @property
    def longest_gap_s(self) -> float:
        """The longest time between two answers of 200."""
        answered = sorted(each.done for each in self.seen if each.status == _OK)
        return max((later - sooner for sooner, later in pairwise(answered)), default=0.0)

    def served(self) -> Counter[str]:
        """Version -> how many answers of 200 came from it."""
        return Counter(each.version for each in self.seen if each.status == _OK)

    def answered(self) -> Counter[str]:
        """Version -> how many answers of any status came from it; of what a front door says itself, the first word."""
        return Counter(each.version for each in self.seen if each.status)

    def latest(self, count: int) -> list[SentRequest]:
        """The last so many."""
        with self._lock:
            return sorted(self.seen, key=lambda each: each.sent)[-count:]

    def _pace(self) -> None:
        began, number = time.monotonic(), 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while not self._over.wait(max(began + number / RATE - time.monotonic(), 0)):
                pool.submit(self._ask, began + number / RATE, number)
                number += 1

    def _ask(self, due: float, number: int) -> None:
        turned = (*self._doors[number % len(self._doors) :], *self._doors[: number % len(self._doors)])
        status, words = 0, ["", ""]
        try:
            for door in turned:
                try:
                    with httpx.Client(verify=self._context, timeout=PATIENCE_S, trust_env=False) as client:
                        answer = client.get(f"https://{door}/")
                except httpx.TransportError:
                    continue
                status, words = answer.status_code, [*answer.text.split(), "", ""]
                break
        finally:  # whatever went wrong, the request was sent
            with self._lock:
                self.seen.append(SentRequest(due, time.monotonic(), status, words[0], words[1]))
