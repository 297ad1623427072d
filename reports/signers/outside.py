"""A signer whose key is somewhere else: it is asked for each signature, and what it answers is verified."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # it re-exports without __all__
    Key,
    SecretsHandler,
    Signature,
    Signer,
    SSlibKey,
)

from reports.keys import SigningKeyError


class OutsideSigner(Signer):
    """See the module.

    Args:
        name: of what signs, for people; it holds no secret.
        public_key: the only key whose signatures are taken.
        ask: message in, signature out (64 bytes); raises SigningKeyError.
    """

    def __init__(self, name: str, public_key: Ed25519PublicKey, ask: Callable[[bytes], bytes]) -> None:
        self._name, self._ask = name, ask
        self._public: SSlibKey = SSlibKey.from_crypto(public_key)

    @property
    def public_key(self) -> Key:
        """See `securesystemslib.signer.Signer`."""
        return self._public

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> Signer:
        """Not how it is made: `reports.signers.opening.open_signer` is."""
        del priv_key_uri, public_key, secrets_handler
        msg = "open it with reports.signers.opening.open_signer"
        raise ValueError(msg)

    def sign(self, payload: bytes) -> Signature:
        """See `securesystemslib.signer.Signer`.

        Raises:
            SigningKeyError: it did not sign, or with another key than it showed.
        """
        signature = Signature(self._public.keyid, self._ask(payload).hex())
        try:
            self._public.verify_signature(signature, payload)
        except UnverifiedSignatureError as problem:
            msg = f"{self._name} answered with something else than a signature by the key that it shows"
            raise SigningKeyError(msg) from problem
        return signature
