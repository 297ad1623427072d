"""Five ledgers that keep budgets wrongly. Each is the product's own code over a real PostgreSQL that is broken, or
wired, in one way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from checks.lab import DatabaseFlaws
from fixtures.lab.database import LabPostgres, start_postgres
from fixtures.lab.laboratory import Bench
from suites.privacy.accounts import Ask, ClientOutcome, ClientReply, Fate, Keeper
from suites.privacy.kept import LedgerKeeper

_SINGLE_PRECISION = """
CREATE FUNCTION shorten() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.noise_multiplier := NEW.noise_multiplier::real; RETURN NEW; END $$;
CREATE TRIGGER shorten BEFORE INSERT ON privacy_ledger FOR EACH ROW EXECUTE FUNCTION shorten()"""
# Nobody waits for anybody: two requests read the same balance, and both find that they fit. The pause stands for
# whatever happens between reading and writing.
_UNLOCKED = """
CREATE OR REPLACE FUNCTION privacy_lock(p_user text, p_tenant text) RETURNS double precision LANGUAGE sql AS
$$ SELECT budget FROM privacy_allowances WHERE username = p_user $$;
CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;
CREATE TRIGGER pause BEFORE INSERT ON privacy_ledger FOR EACH ROW EXECUTE FUNCTION pause()"""
# An unlogged table is faster, survives an orderly restart, and is emptied after a crash.
_UNLOGGED = "ALTER TABLE privacy_ledger SET UNLOGGED"


class RefundingKeeper:
    """Implements `Keeper`: takes a reservation back when no answer came of it, although the noise was drawn."""

    def __init__(self, kept: LedgerKeeper, postgres: LabPostgres) -> None:
        self._kept, self._postgres = kept, postgres
        self.processes, self.noise_multipliers, self.delta = kept.processes, kept.noise_multipliers, kept.delta
        self.examples, self.restarts_cheaply = kept.examples, kept.restarts_cheaply
        self.open, self.tenant, self.rush, self.spent = kept.open, kept.tenant, kept.rush, kept.spent
        self.restart, self.crash = kept.restart, kept.crash

    def ask(self, ask: Ask, fate: Fate = Fate.ANSWERED) -> ClientReply:
        """See `Keeper.ask`."""
        reply = self._kept.ask(ask, fate)
        if fate is Fate.LOST and reply.outcome is ClientOutcome.NOTHING:
            with self._postgres.connection() as connection:
                connection.execute(
                    "DELETE FROM privacy_ledger WHERE username = %s AND idempotency_key = %s", (ask.user, ask.key)
                )
        return reply


@contextmanager
def _ledger(bench: Bench, statements: Sequence[str] = ("",)) -> Iterator[LedgerKeeper]:
    """Two processes, whose databases are broken by these statements; one database for both when there is one."""
    databases = [start_postgres(bench, DatabaseFlaws(sql=text), durable=True) for text in statements]
    with LedgerKeeper([databases[0], databases[-1]]) as keeper:
        yield keeper


@contextmanager
def float_drift(bench: Bench) -> Iterator[Keeper]:
    """The ledger keeps noise in single precision: what was stored is not what was asked for, and sums drift away."""
    with _ledger(bench, [_SINGLE_PRECISION]) as keeper:
        yield keeper


@contextmanager
def check_then_act(bench: Bench) -> Iterator[Keeper]:
    """The balance is read without a lock."""
    with _ledger(bench, [_UNLOCKED]) as keeper:
        yield keeper


@contextmanager
def refund_after_noise(bench: Bench) -> Iterator[Keeper]:
    """A request that failed after its noise was drawn is paid back."""
    postgres = start_postgres(bench, durable=True)
    with LedgerKeeper([postgres, postgres]) as keeper:
        yield RefundingKeeper(keeper, postgres)


@contextmanager
def per_process_budgets(bench: Bench) -> Iterator[Keeper]:
    """Every process has a ledger of its own."""
    with _ledger(bench, ["", ""]) as keeper:
        yield keeper


@contextmanager
def lost_on_restart(bench: Bench) -> Iterator[Keeper]:
    """The ledger is gone after the database was killed."""
    with _ledger(bench, [_UNLOGGED]) as keeper:
        yield keeper
