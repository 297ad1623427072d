"""Messages between the leader of a load and its workers: JSON under a seal that only holders of the target's file can
make.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from loadtests.generator.spec import Destination


class MailError(Exception):
    """A message that does not come from a holder of the same target file."""


class Mail:
    """Seals and opens messages.

    Args:
        destination: whom the load is sent to, and as whom: both sides must have the same.
    """

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    def sealed(self, kind: str, nonce: str, body: Mapping[str, object]) -> dict[str, str]:
        """A message of a kind, in the load that the nonce stands for."""
        text = json.dumps(body)
        return {"body": text, "seal": self._destination.seal(f"{kind}\n{nonce}\n{text}")}

    def opened(self, kind: str, nonce: str, data: object) -> Mapping[str, Any]:
        """What a message says.

        Raises:
            MailError: its seal is not that of a holder of the same target file.
        """
        text, seal = (str(data.get("body")), str(data.get("seal"))) if isinstance(data, dict) else ("", "")
        if not hmac.compare_digest(seal, self._destination.seal(f"{kind}\n{nonce}\n{text}")):
            msg = "it does not hold the same target file"
            raise MailError(msg)
        body: Mapping[str, Any] = json.loads(text)
        return body
