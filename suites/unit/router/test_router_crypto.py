"""Envelope encryption: what is sealed opens in its own place and under its own keys, and nowhere else."""

from __future__ import annotations

import pytest

from fixtures.reference.router.care.crypto import (
    MAGIC,
    AesGcmKey,
    CryptoError,
    MasterKey,
    key_id_of,
    open_field,
    seal_field,
)

pytestmark = pytest.mark.unit
PATIENT, OTHER = "0185271c-1f56-5fa2-b18b-2f94a73224df", "03b21f4a-bb0b-5f6a-ba06-c395560eb215"
MASTER = MasterKey(bytes(range(32)))
WRAPPED = MASTER.new_tenant_key("hospital-a", 1)
TENANT = MASTER.tenant("hospital-a", {1: WRAPPED})


def test_a_field_opens_where_it_was_sealed() -> None:
    """The whole envelope, there and back; no two ciphertexts of one text are alike, and none holds it."""
    wrapped, key = TENANT.new_patient(PATIENT)
    sealed = [seal_field(key, PATIENT, "patients.name", "Ada Abel") for _ in range(2)]
    assert sealed[0] is not None
    assert sealed[0].startswith(MAGIC)
    assert sealed[0] != sealed[1]
    assert b"Ada" not in sealed[0]
    assert open_field(TENANT.patient(PATIENT, wrapped), PATIENT, "patients.name", sealed[0]) == "Ada Abel"


def test_nothing_stays_nothing() -> None:
    """A column without a value is not made to look as if it had one."""
    key = TENANT.new_patient(PATIENT)[1]
    assert seal_field(key, PATIENT, "patients.notes", None) is None
    assert open_field(key, PATIENT, "patients.notes", None) is None


@pytest.mark.parametrize(
    ("patient", "column"), [(OTHER, "patients.name"), (PATIENT, "patients.diagnosis")], ids=["patient", "column"]
)
def test_a_moved_ciphertext_does_not_open(patient: str, column: str) -> None:
    """Another patient's row, or another column: the context is authenticated."""
    key = TENANT.new_patient(PATIENT)[1]
    sealed = seal_field(key, PATIENT, "patients.name", "Ada Abel")
    assert open_field(key, PATIENT, "patients.name", sealed) == "Ada Abel"
    with pytest.raises(CryptoError, match=rf"^the value does not open: {column}$"):
        open_field(key, patient, column, sealed)


@pytest.mark.parametrize("position", [8, 20, -1], ids=["nonce", "ciphertext", "tag"])
def test_an_altered_ciphertext_does_not_open(position: int) -> None:
    """One bit anywhere behind the header."""
    key = AesGcmKey(bytes(32))
    sealed = bytearray(key.seal(b"text", "patients.name:x"))
    sealed[position] ^= 1
    with pytest.raises(CryptoError, match=r"^the value does not open: patients\.name$"):
        key.open(bytes(sealed), "patients.name:x")


def test_clear_text_is_no_ciphertext() -> None:
    """What somebody wrote in clear into a column is refused, not passed on."""
    with pytest.raises(CryptoError, match=r"^the value is not encrypted: patients\.name$"):
        AesGcmKey(bytes(32)).open(b"Ada Abel", "patients.name:x")
    with pytest.raises(CryptoError, match=r"^the value is not encrypted$"):
        key_id_of(b"Ada Abel")


def test_another_key_id_is_named() -> None:
    """A rotated key is told apart from a wrong one."""
    sealed = AesGcmKey(bytes(32), 2).seal(b"text", "x:y")
    assert key_id_of(sealed) == 2
    with pytest.raises(CryptoError, match=r"^encrypted under key 2, which is not the one given: x$"):
        AesGcmKey(bytes(32), 1).open(sealed, "x:y")


def test_tenants_cannot_open_each_others_patients() -> None:
    """A patient's key is wrapped by the tenant's."""
    other = MASTER.tenant("hospital-b", {1: MASTER.new_tenant_key("hospital-b", 1)})
    wrapped, _ = TENANT.new_patient(PATIENT)
    with pytest.raises(CryptoError, match=r"^the value does not open: patient_key$"):
        other.patient(PATIENT, wrapped)


def test_a_tenants_key_needs_its_master_and_its_name() -> None:
    """Another master key, or the key of another tenant."""
    with pytest.raises(CryptoError, match=r"^the value does not open: tenant_key$"):
        MasterKey(bytes(32)).tenant("hospital-a", {1: WRAPPED})
    with pytest.raises(CryptoError, match=r"^the value does not open: tenant_key$"):
        MASTER.tenant("hospital-b", {1: WRAPPED})
    with pytest.raises(CryptoError, match=r"^the tenant has no key$"):
        MASTER.tenant("hospital-a", {})


def test_a_rotated_tenant_key_still_opens_what_the_old_one_sealed() -> None:
    """The newest encrypts, all open; an unknown one is named."""
    both = MASTER.tenant("hospital-a", {1: WRAPPED, 2: MASTER.new_tenant_key("hospital-a", 2)})
    old, _ = TENANT.new_patient(PATIENT)
    new, _ = both.new_patient(PATIENT)
    both.patient(PATIENT, old)
    assert key_id_of(new) == 2
    with pytest.raises(CryptoError, match=r"^the tenant has no key 2$"):
        TENANT.patient(PATIENT, new)


def test_the_record_number_index_is_keyed_by_tenant() -> None:
    """Equal within a tenant, so that a duplicate is found; different between tenants, so that nothing can be linked."""
    other = MASTER.tenant("hospital-b", {1: MASTER.new_tenant_key("hospital-b", 1)})
    assert TENANT.mrn_index("A1") == MASTER.tenant("hospital-a", {1: WRAPPED}).mrn_index("A1")
    assert TENANT.mrn_index("A1") != TENANT.mrn_index("A2")
    assert TENANT.mrn_index("A1") != other.mrn_index("A1")


def test_a_second_factor_belongs_to_its_user() -> None:
    """A row's secret copied into another account does not open."""
    sealed = MASTER.seal_totp("nurse.a", "JBSWY3DPEHPK3PXP")
    assert MASTER.open_totp("nurse.a", sealed) == "JBSWY3DPEHPK3PXP"
    with pytest.raises(CryptoError, match=r"^the value does not open: totp$"):
        MASTER.open_totp("admin.a", sealed)
