"""Model servers of known behaviour, and what a load of chats on them must show."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from benchmarks.load_truth.laws import Percentiles, percentiles
from loadtests.schedules.arrivals import arrivals
from loadtests.schedules.profiles import Profile

Ending = Literal["", "error", "unfinished"]
CAUSES: Mapping[Ending, str] = {"error": "error in the stream: server_error", "unfinished": "incomplete answer"}
_DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class ChatLaw:
    """How a server answers a chat: first thoughts, then chunks of its answer, one every ``every_s``.

    Args:
        tokens: as its ``usage`` tells, of an answer that is whole.
        ending: of a user's chat, by user and number counted from 0.
        closes: whether an answer ends with its connection; else it comes in chunks of HTTP.
    """

    name: str
    every_s: float
    thoughts: int
    chunks: int
    tokens: int
    ending: Callable[[int, int], Ending] = lambda _user, _number: ""
    closes: bool = False

    def events(self) -> tuple[bytes, ...]:
        """The events with tokens in them."""
        thought, text = _event(delta={"reasoning_content": "hm "}), _event(delta={"content": "stable "})
        return (thought,) * self.thoughts + (text,) * self.chunks

    def last(self, ending: Ending) -> bytes:
        """What comes with the last of them."""
        if ending == "error":
            return b'data: {"error": {"type": "server_error", "message": "out of memory"}}\n\n' + _DONE
        if ending == "unfinished":
            return _DONE
        usage = {"choices": [], "usage": {"completion_tokens": self.tokens}}
        return _event(delta={}, finish_reason="stop") + f"data: {json.dumps(usage)}\n\n".encode() + _DONE


CHAT_LAWS = {
    "thinking": ChatLaw("3 thoughts, 5 chunks", 0.02, thoughts=3, chunks=5, tokens=8),
    "chunks": ChatLaw("4 chunks of 4 tokens", 0.04, thoughts=0, chunks=4, tokens=16),
    "errors": ChatLaw(
        "20% errors, 20% unfinished",
        0.02,
        thoughts=0,
        chunks=4,
        tokens=4,
        ending=lambda user, number: ("error", "unfinished", "", "", "")[(number + user) % 5],
    ),
    "closing": ChatLaw("ends by closing", 0.02, thoughts=0, chunks=4, tokens=4, closes=True),
}


@dataclass(frozen=True)
class ServedChat:
    """When the server read a chat, sent each event with tokens, and had ended, by ``time.monotonic``."""

    came_s: float
    moments: tuple[float, ...]
    left_s: float


@dataclass(frozen=True)
class ChatTruth:
    """What a load must show: times by the part of a kind that they are recorded under, and failures by cause."""

    times: Mapping[str, Percentiles]
    failures: Mapping[str, int]


def chat_truth(profile: Profile, seed: int, law: ChatLaw, served: Mapping[tuple[int, int], ServedChat]) -> ChatTruth:
    """What a load of clinicians must show, by what the server did for the chats of the measured window.

    Args:
        served: by user and number.
    """
    times: dict[str, list[float]] = {"": [], "first_token": [], "first_output_token": []}
    times |= {"per_token": [], "per_chunk": []}
    failures: Counter[str] = Counter()
    for user in range(profile.users):
        for number, arrival in enumerate(arrivals(profile, "clinician", user, seed)):
            chat = served.get((user, number))
            if not arrival.measured or chat is None:
                continue
            times[""].append(chat.left_s - chat.came_s)
            times["first_token"].append(chat.moments[0] - chat.came_s)
            if law.thoughts:
                times["first_output_token"].append(chat.moments[law.thoughts] - chat.came_s)
            span_s = chat.moments[-1] - chat.moments[0]
            if ending := law.ending(user, number):
                failures[CAUSES[ending]] += 1
                times["per_chunk"].append(span_s / (len(chat.moments) - 1))
            else:
                times["per_token"].append(span_s / (law.tokens - 1))
    return ChatTruth({part: percentiles(found) for part, found in times.items() if found}, failures)


def _event(delta: Mapping[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()
