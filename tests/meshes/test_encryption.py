"""Secrets open with the right keys only, and never show themselves."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from meshes.encryption import CannotOpen, Sealed, SealedField, fingerprint, seal
from meshes.keys import create_machine_key
from meshes.models import MachineKey
from tests.builders import make_organization

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
CANARY = "canary-secret-4711"


@given(text=st.text())
@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_sealed_opens_again(text) -> None:
    assert seal(text).open() == text


def test_an_empty_secret_stays_empty() -> None:
    assert seal("") == Sealed("")
    assert not seal("")
    assert str(seal("")) == ""


def test_two_seals_of_one_text_differ() -> None:
    assert seal(CANARY) != seal(CANARY)


def test_a_sealed_value_shows_dots_wherever_it_is_printed() -> None:
    sealed = seal(CANARY)

    shown = f"{sealed} {sealed!r}"

    assert shown == "•••••••• ••••••••"
    assert sealed.token not in repr({"secret": sealed})


def test_rotation_opens_old_values_and_seals_with_the_new_key(settings) -> None:
    settings.CREDENTIAL_KEYS = [OLD]
    before = seal(CANARY)

    settings.CREDENTIAL_KEYS = [NEW, OLD]
    after = seal(CANARY)
    opened = before.open()

    settings.CREDENTIAL_KEYS = [NEW]
    assert (opened, after.open()) == (CANARY, CANARY)
    with pytest.raises(CannotOpen):
        before.open()


def test_a_wrong_key_is_named_as_the_cause_without_the_secret(settings) -> None:
    sealed = seal(CANARY)
    settings.CREDENTIAL_KEYS = [OTHER]

    with pytest.raises(CannotOpen, match="CREDENTIAL_KEYS") as caught:
        sealed.open()

    assert caught.value.__cause__ is None
    assert sealed.token not in str(caught.value)


def test_a_fingerprint_tells_secrets_apart_and_reveals_neither() -> None:
    assert fingerprint("a") == fingerprint("a")
    assert fingerprint("a") != fingerprint("b")
    assert len(fingerprint(CANARY)) == 8


@pytest.mark.django_db
def test_the_column_refuses_clear_text() -> None:
    key, _ = create_machine_key(make_organization(), name="Backend", by="tests")
    key.secret = CANARY

    with pytest.raises(TypeError, match="never clear text"), transaction.atomic():
        key.save()

    assert MachineKey.objects.get().secret.open() != CANARY


@pytest.mark.django_db
def test_the_column_keeps_and_returns_sealed_values() -> None:
    key, secret = create_machine_key(make_organization(), name="Backend", by="tests")

    kept = MachineKey.objects.get()

    assert isinstance(kept.secret, Sealed)
    assert kept.secret == key.secret
    assert kept.secret.open() == secret
    assert SealedField().to_python(None) == Sealed("")
