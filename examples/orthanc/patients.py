"""Invented studies of both institutions, which come in by the front door, as a modality's gateway brings them."""

from __future__ import annotations

import http.client
import json

from examples.common.program import Premises
from examples.orthanc.front import SERVER_NAME, basic
from examples.orthanc.people import INSTITUTIONS, password
from fixtures.services import ServiceError
from fixtures.services.edge import https_port
from fixtures.services.https import client_context

_NAMES = ("Okafor^Ada", "Lindqvist^Bram", "Moreau^Chidi", "Tanaka^Dalia", "Haddad^Emil", "Novak^Farah")
_STUDIES = ("CT thorax", "MR head", "CR hand", "CT abdomen", "MR knee", "CR thorax")


def admit_studies(premises: Premises) -> None:
    """Six patients with a study each in both archives; doing it again would add studies.

    Raises:
        ServiceError: something was refused.
    """
    for institution in INSTITUTIONS:
        user = f"{institution}-technologist"
        headers = {"Authorization": basic(user, password(premises, user)), "Content-Type": "application/json"}
        address = premises.host("edge").address
        context = client_context(premises.authority.certificate)
        connection = http.client.HTTPSConnection(address, https_port(), timeout=10, context=context)
        try:
            for number, (name, study) in enumerate(zip(_NAMES, _STUDIES, strict=True), 1):
                tags = {
                    "PatientName": name,
                    "PatientID": f"{institution}-{number:04d}",
                    "PatientBirthDate": f"19{40 + number}031{number}",
                    "StudyDescription": study,
                    "InstitutionName": institution,
                    "Modality": study[:2],
                }
                body = json.dumps({"Tags": tags, "Force": True})
                connection.request("POST", "/tools/create-dicom", body, {"Host": SERVER_NAME, **headers})
                answer = connection.getresponse()
                said = answer.read().decode(errors="replace")
                if answer.status != 200:
                    msg = f"{user} may not store a study: HTTP {answer.status} {said[:200]}"
                    raise ServiceError(msg)
        except (OSError, http.client.HTTPException) as problem:
            msg = f"the edge does not take a study: {problem}"
            raise ServiceError(msg) from problem
        finally:
            connection.close()
