"""Invented patients of both hospitals, who come in by the front door, as the application's own clients bring them."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from urllib.parse import urlencode

from examples.common.program import Premises
from examples.fhir.applications import HOSPITALS, ROLES, SERVER_NAME, secret
from fixtures.services import ServiceError
from fixtures.services.edge import https_port
from fixtures.services.https import client_context

_FAMILIES = ("Okafor", "Lindqvist", "Moreau", "Tanaka", "Haddad", "Novak", "Silva", "Byrne")
_GIVEN = ("Ada", "Bram", "Chidi", "Dalia", "Emil", "Farah", "Goran", "Hanna")
_JSON = "application/fhir+json"


def admit_patients(premises: Premises) -> None:
    """Write each hospital's record of itself and its patients; once, however often called.

    Raises:
        ServiceError: something was refused.
    """
    for hospital in HOSPITALS:
        door = _FrontDoor(premises, f"{hospital}-registrar")
        clinic = _FrontDoor(premises, f"{hospital}-clinician")
        door.put(f"Organization/{hospital}", {"resourceType": "Organization", "name": hospital})
        for number, (family, given) in enumerate(zip(_FAMILIES, _GIVEN, strict=True), 1):
            patient = f"{hospital}-{number:04d}"
            person = {
                "resourceType": "Patient",
                "identifier": [{"system": f"urn:{hospital}:mrn", "value": f"MRN-{number:06d}"}],
                "name": [{"family": family, "given": [given]}],
                "birthDate": f"19{40 + number}-03-1{number}",
            }
            door.put(f"Patient/{patient}", person)
            for kind, body in _findings(patient, number).items():
                clinic.put(f"{kind}/{patient}-1", body)


def _findings(patient: str, number: int) -> Mapping[str, Mapping[str, object]]:
    subject = {"reference": f"Patient/{patient}"}
    return {
        "Observation": {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
            "subject": subject,
            "valueQuantity": {"value": 60 + number, "unit": "/min"},
        },
        "Condition": {"resourceType": "Condition", "subject": subject, "code": {"text": "Essential hypertension"}},
    }


class _FrontDoor:
    """The edge, seen by one client of the provider."""

    def __init__(self, premises: Premises, client: str) -> None:
        self._address = premises.host("edge").address
        self._context: ssl.SSLContext = client_context(premises.authority.certificate)
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret(premises, client),
            "scope": " ".join(sorted({scope for scopes in ROLES.values() for scope in scopes.split()})),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._ask("POST", "/token", urlencode(form), headers)
        self._session = {"Authorization": f"Bearer {json.loads(answer)['access_token']}", "Content-Type": _JSON}

    def put(self, path: str, resource: Mapping[str, object]) -> None:
        """Create or replace a resource."""
        self._ask("PUT", f"/4_0_0/{path}", json.dumps({**resource, "id": path.rpartition("/")[2]}), self._session)

    def _ask(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> bytes:
        door = http.client.HTTPSConnection(self._address, https_port(), timeout=10, context=self._context)
        door.request(method, path, body, {"Host": SERVER_NAME, **headers})
        answer = door.getresponse()
        told = answer.read()
        door.close()
        if answer.status >= 300:
            msg = f"{method} {path} was answered {answer.status}: {told.decode(errors='replace')[:300]}"
            raise ServiceError(msg)
        return told
