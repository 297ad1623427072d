"""What a request does is what the act says that it is; of what no act is, the method tells."""

from __future__ import annotations

import pytest

from checks.application import Act, Application, Json, LogIn, Request
from fixtures.application.effects import writes

NOBODY = {"patient": "nobody"}
QUERY = "query { patient }"
APPLICATION = Application(
    name="clinic",
    log_in=LogIn("json", whoami=Request("POST", "/userinfo")),
    nobody=NOBODY,
    acts=(
        Act("read patient", Request("GET", "/patients/{patient}?full={how}"), ()),
        Act("erase patient", Request("DELETE", "/patients/{patient}"), (), writes=True),
        Act("follow link", Request("GET", "/links/{link}/follow"), (), writes=True),
        Act("search", Request("POST", "/search", json={"name": "{name}", "limit": 5}), ()),
        Act("search by form", Request("POST", "/forms", form={"name": "{name}"}), ()),
        Act("ask", Request("POST", "/graph", json={"query": QUERY}), ()),
        Act("change", Request("POST", "/graph", json={"query": "mutation {{name}}"}), (), writes=True),
        Act(
            "chat",
            Request("POST", "/chat", json={"prompt": "{prompt}"}),
            (),
            writes=True,
            inert=Request("POST", "/chat", json={"prompt": "", "of": "{patient}"}),
        ),
        Act("lock", Request("POST", "/lock/{user}"), (), writes=True, inert=Request("POST", "/lock/{user}")),
    ),
)


def _post(path: str, json: Json = None) -> Request:
    return Request("POST", path, json=json)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/patients/7?full=yes%2Fno"),
        Request("GET", "/health"),
        Request("HEAD", "/anything"),
        _post("/search", {"name": "Meier\nX", "limit": 5}),
        Request("POST", "/forms", form={"name": "x"}),
        _post("/graph", {"query": QUERY}),
        _post("/chat", {"prompt": "", "of": "nobody"}),
        _post("/userinfo"),
    ],
    ids=str,
)
def test_what_is_declared_to_change_nothing_does_not(request_: Request) -> None:
    """A reading act, what an act says that changes nothing, and who one is."""
    assert not writes(APPLICATION, request_)


@pytest.mark.parametrize(
    "request_",
    [
        Request("DELETE", "/patients/nobody"),
        Request("GET", "/links/7/follow"),
        _post("/search", {"name": "x", "limit": 6}),
        _post("/search", {"name": "x", "limit": 5, "delete": True}),
        _post("/search"),
        Request("POST", "/forms", form={"name": "x", "more": "y"}),
        _post("/graph", {"query": "mutation {x}"}),
        _post("/graph", {}),
        _post("/chat", {"prompt": "ready?"}),
        _post("/chat", {"prompt": "", "of": "somebody"}),
        _post("/lock/nobody"),
        _post("/unheard-of"),
        Request("PUT", "/patients/7?full=no"),
        Request("PATCH", "/health"),
    ],
    ids=str,
)
def test_everything_else_may_change_something(request_: Request) -> None:
    """A writing act also without its input, one whose harmless form cannot be known, and what no act is."""
    assert writes(APPLICATION, request_)
