"""What a user does with an application, as its description says.

acts = DescribedActs(application, profile.weights("nurse"))
acts.meet_records(ask)                     # at log-in: whose records there are to read
acts.perform("patient.read", arrival, ask)
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from checks.application import Act, Application, LoadAct, Request
from checks.application.answers import is_in, values_in
from checks.application.load import CHAT, OF_A_LOAD, Action
from checks.model import NotDeclaredError
from checks.targets import Written
from loadtests.schedules.arrivals import Arrival
from loadtests.users.http_answer import WRONG_BODY, HttpAnswer, RequestError, document_of, expect_success
from loadtests.users.written import WrittenRecords

RECORDS = 50  # that a user looks up when logging in, and then works with
_SUCCESS = (200, 201, 202, 204)
_NOBODY = {"name": "Load Test", "birth_date": "1970-01-01"}
Ask = Callable[[Request], HttpAnswer]


@dataclass(frozen=True)
class _Planned:
    """One action: what is asked, and what a right answer is."""

    how: LoadAct
    request: Request
    success: tuple[int, ...]
    record: str
    roles: tuple[str, ...]
    ids: frozenset[str]
    written: WrittenRecords | None


class DescribedActs:
    """The acts of one user. What `written` is there afterwards is told apart by a key of each write.

    Args:
        actions: what the user does, of whatever the application describes.
    """

    def __init__(self, application: Application, actions: Iterable[Action]) -> None:
        wanted = set(actions)
        self._application = application
        self._planned: dict[Action, _Planned] = {
            each.action: self._plan(each) for each in application.load if each.action in wanted
        }
        self._records: dict[str, tuple[str, ...]] = {}
        self._fixed = dict(_NOBODY)
        inference = application.inference
        self._asks_for_model = CHAT in wanted and inference is not None and not inference.model
        if inference is not None and inference.model:
            self._fixed["model"] = inference.model

    @property
    def model(self) -> str:
        """The name of the model that chats ask for; empty before `meet_records`."""
        return self._fixed.get("model", "")

    def _plan(self, how: LoadAct) -> _Planned:
        act = self._application.act(how.act) if how.act else None
        request = how.request or (act.request if act else None)
        if request is None:
            msg = f"'{how.action}' has neither an act nor a request"
            raise ValueError(msg)
        back = how.read_back
        looked = (back.request or self._application.act(back.act).request) if back else None
        written = WrittenRecords(looked, back.values) if back and looked else None
        ids = request.placeholders - OF_A_LOAD
        success, record, roles = (act.success, act.record, act.roles) if act else (_SUCCESS, "", ())
        return _Planned(how, request, success, record, roles, ids, written)

    def meet_records(self, ask: Ask) -> None:
        """Ask for the ids that requests need, each list once.

        Raises:
            RequestError: no right answer, or there is none.
        """
        answers: dict[str, object] = {}
        for plan in self._planned.values():
            for name in sorted(plan.ids - self._records.keys()):
                act = self._yielding(name, plan.roles, plan.how.ids)
                self._records[name] = self._values(act, name, answers, ask)
        if self._asks_for_model and (inference := self._application.inference):
            act = self._yielding("model", inference.roles)
            self._fixed["model"] = self._values(act, "model", answers, ask)[0]

    def _yielding(self, name: str, roles: Iterable[str], chosen: str = "") -> Act:
        """The act that yields a placeholder, first of all one that the same roles may do."""
        if chosen:
            return self._application.act(chosen)
        able = [act for act in self._application.yielding(name) if act.request.placeholders <= OF_A_LOAD]
        if not able:
            msg = f"no act that a load can ask at log-in yields {{{name}}}"
            raise NotDeclaredError(msg, "acts")
        return next((act for act in able if set(roles) <= set(act.roles)), able[0])

    def _values(self, act: Act, name: str, answers: dict[str, object], ask: Ask) -> tuple[str, ...]:
        try:
            if act.name not in answers:
                filled = act.request.filled(self._fixed | _fresh(""))
                answers[act.name] = document_of(expect_success(ask(filled), act.success))
        except RequestError as problem:
            msg = f"{act.request}: {problem}"
            raise RequestError(msg) from problem
        if values := values_in(answers[act.name], act.yields[name])[:RECORDS]:
            return values
        msg = f"{act.request} shows no {name} to work with"
        raise RequestError(msg)

    def perform(self, action: Action, arrival: Arrival, ask: Ask) -> None:
        """Do it once.

        Raises:
            RequestError: it failed, or the answer is not right.
        """
        plan = self._planned[action]
        records = {name: self._records[name][int(arrival.pick * len(self._records[name]))] for name in plan.ids}
        fresh = _fresh(arrival.note)
        values = self._fixed | fresh | records

        def act() -> None:
            _check(plan, ask(plan.request.filled(values) if plan.request.placeholders else plan.request), values)

        if plan.written is None:
            act()
        else:
            plan.written.write(act, fresh["key"], values)

    def read_back(self, ask: Ask, turn: AbstractContextManager[object]) -> Written | None:
        """Look for everything that was written; None when nothing was."""
        written = [plan.written for plan in self._planned.values() if plan.written and plan.written.wrote]
        return written[0].read_back(ask, turn) if written else None


def _fresh(note: str) -> dict[str, str]:
    """Values of one request: a key that no other has, and texts with it."""
    key = uuid.uuid4().hex
    notes = f"{note} [{key}]"
    return {"key": key, "mrn": key, "notes": notes, "diagnosis": notes}


def _check(plan: _Planned, answer: HttpAnswer, values: Mapping[str, str]) -> None:
    expect_success(answer, plan.success)
    how = plan.how
    if not (how.holds or how.echoes):
        return
    document = document_of(answer)
    echoed = not how.echoes or values[plan.record] in values_in(document, how.echoes)
    if not echoed or not is_in(document, how.holds):
        raise RequestError(WRONG_BODY)
