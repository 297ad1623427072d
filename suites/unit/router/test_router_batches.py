"""Batches: what waits goes together, everybody gets their own outcome, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from fixtures.reference.router.batches import Batcher
from fixtures.reference.router.errors import UnavailableError

pytestmark = pytest.mark.unit


class Doubler:
    """Doubles numbers; remembers the batches, waits for its gate, and fails on a negative number."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, numbers: list[int]) -> Sequence[int]:
        """Handle one batch."""
        self.batches.append(numbers)
        self.began.set()
        await self.gate.wait()
        if min(numbers) < 0:
            msg = "negative"
            raise ValueError(msg)
        return [2 * number for number in numbers]


def test_everybody_gets_their_own_outcome() -> None:
    """Those who come together go together, no more at a time than fit."""

    async def run() -> None:
        doubler = Doubler()
        batcher: Batcher[int, int] = Batcher(doubler, name="it", size=3)
        assert await asyncio.gather(*(batcher.submit(n) for n in range(5))) == [0, 2, 4, 6, 8]
        assert doubler.batches == [[0, 1, 2], [3, 4]]

    asyncio.run(run())


def test_a_failed_batch_fails_for_everybody_in_it_and_nobody_else() -> None:
    """The next batch is not harmed: there is no task that a failure could end."""

    async def run() -> None:
        batcher: Batcher[int, int] = Batcher(Doubler(), name="it")
        outcomes = await asyncio.gather(*(batcher.submit(n) for n in (1, -1)), return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["negative", "negative"]
        assert await batcher.submit(4) == 8

    asyncio.run(run())


def test_who_waits_too_long_is_told() -> None:
    """And those who come when the queue is full are told at once; afterwards it works on."""

    async def run() -> None:
        doubler = Doubler()
        doubler.gate.clear()
        batcher: Batcher[int, int] = Batcher(doubler, name="it", size=1, limit=1, timeout_s=0.05)
        under_way = asyncio.create_task(batcher.submit(1))
        await doubler.began.wait()
        waiting = asyncio.create_task(batcher.submit(2))
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match=r"^it is not available$"):
            await batcher.submit(3)
        assert batcher.waiting == 1
        for late in (under_way, waiting):
            with pytest.raises(UnavailableError, match=r"^it is not available$"):
                await late
        doubler.gate.set()
        await batcher.drained(1)
        assert await batcher.submit(5) == 10

    asyncio.run(run())


def test_who_goes_away_does_not_stop_the_others() -> None:
    """A caller that is cancelled leaves its place in the batch."""

    async def run() -> None:
        doubler = Doubler()
        batcher: Batcher[int, int] = Batcher(doubler, name="it")
        leaving, staying = (asyncio.create_task(batcher.submit(n)) for n in (1, 2))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == 4
        assert leaving.cancelled()

    asyncio.run(run())
