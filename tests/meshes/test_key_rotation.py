"""Stored secrets move to the newest key while people and processes go on."""

from __future__ import annotations

import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.utils import timezone

from connections.drafts import ConnectionDraft
from connections.models import Connection
from connections.saving import save_connection
from deliveries.models import Erasure
from meshes import key_rotation
from meshes.encryption import Sealed, fingerprint, seal
from meshes.keys import create_machine_key
from meshes.models import MachineKey
from tests.builders import API_KEY, make_connection, make_organization
from tests.conftest import SANDBOX_KEY
from tests.threads import aside, at_once

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys(settings):
    """A function that sets CREDENTIAL_KEYS; they begin with the old key alone."""

    def put(*keys: str) -> None:
        settings.CREDENTIAL_KEYS = list(keys)

    put(OLD)
    return put


def run(*arguments: str) -> tuple[int, str]:
    """The exit status and all that was printed."""
    out = io.StringIO()
    try:
        call_command("rotatekeys", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def make_secrets() -> str:
    """One secret in each table that has any; the secret of the machine key."""
    make_connection()
    Erasure.objects.create(email=seal("alex@x.io"), email_hash="0" * 64, asked_by="ada")
    return create_machine_key(make_organization(), name="Backend", by="tests")[1]


def test_every_table_with_secrets_is_known() -> None:
    names = {(table.__name__, column) for table, column in key_rotation.sealed_columns()}

    assert {("Connection", "secrets"), ("MachineKey", "secret"), ("Erasure", "email")} <= names


def test_after_rotation_the_new_key_alone_opens_everything(keys) -> None:
    machine = make_secrets()
    keys(NEW, OLD)

    status, said = run()

    assert status == 0
    assert said.splitlines() == [
        "Secrets sealed with the newest key just now: 3.",
        "Secrets that the newest key opens: 3.",
        "The older keys may be removed from CREDENTIAL_KEYS.",
    ]
    keys(NEW)
    assert Connection.objects.get().secrets.open() == f'{{"api_key": "{API_KEY}"}}'
    assert MachineKey.objects.get().secret.open() == machine
    assert Erasure.objects.get().email.open() == "alex@x.io"


def test_a_second_rotation_finds_nothing_to_do(keys) -> None:
    make_secrets()
    keys(NEW, OLD)
    run()
    before = Connection.objects.get()

    status, said = run()

    assert (status, said.splitlines()[0]) == (0, "Secrets sealed with the newest key just now: 0.")
    after = Connection.objects.get()
    assert (after.secrets, after.updated_at) == (before.secrets, before.updated_at)


def test_rotation_leaves_no_trace_in_the_history_of_edits(keys) -> None:
    make_secrets()
    before = Connection.history.count()
    keys(NEW, OLD)

    run()

    assert Connection.history.count() == before


def test_check_changes_nothing_and_exits_with_1_while_an_old_key_is_needed(keys) -> None:
    make_secrets()
    keys(NEW, OLD)
    before = Connection.objects.get().secrets

    status, said = run("--check")

    assert status == 1
    assert "3 stored secrets still need an older key of CREDENTIAL_KEYS." in said
    assert "may be removed" not in said
    assert Connection.objects.get().secrets == before


def test_check_allows_to_remove_old_keys_when_nothing_needs_them(keys) -> None:
    keys(NEW, OLD)
    make_secrets()

    status, said = run("--check")

    assert status == 0
    assert said.splitlines()[-1] == "The older keys may be removed from CREDENTIAL_KEYS."


def test_a_secret_that_no_key_opens_is_told_and_stays_as_it_is(keys) -> None:
    make_secrets()
    keys(OTHER)
    lost = make_connection(secrets=seal("{}"))
    keys(NEW, OLD)

    status, said = run()

    assert status == 1
    assert "1 stored secrets cannot be opened by any key of CREDENTIAL_KEYS (connections)" in said
    assert "sealed with the newest key just now: 3" in said
    assert Connection.objects.get(pk=lost.pk).secrets == lost.secrets
    for hidden in (API_KEY, lost.secrets.token, NEW, OLD):
        assert hidden not in said


def test_an_empty_secret_needs_no_key(keys) -> None:
    connection = make_connection(secrets=Sealed(""))
    keys(NEW)

    assert run()[0] == 0
    assert Connection.objects.get(pk=connection.pk).secrets == Sealed("")


def test_more_secrets_than_fit_into_one_batch_are_all_rotated(keys, monkeypatch) -> None:
    monkeypatch.setattr(key_rotation, "AT_ONCE", 3)
    organization = make_organization()
    for number in range(8):
        create_machine_key(organization, name=f"Backend {number}", by="tests")
    keys(NEW, OLD)

    assert key_rotation.rotate() == 8
    assert key_rotation.standing() == key_rotation.Standing(newest=8)


def test_a_rotation_that_was_cut_off_is_resumed(keys, monkeypatch) -> None:
    organization = make_organization()
    for number in range(4):
        create_machine_key(organization, name=f"Backend {number}", by="tests")
    keys(NEW, OLD)
    # As a kill in the middle leaves it: some rows moved, the others not.
    first = MachineKey.objects.order_by("pk").first()
    MachineKey.objects.filter(pk=first.pk).update(secret=seal(first.secret.open()))

    assert key_rotation.standing() == key_rotation.Standing(newest=1, older=3)
    assert key_rotation.rotate() == 3


@pytest.mark.django_db(transaction=True)
def test_a_key_that_a_person_saves_meanwhile_is_never_lost(keys, sandbox) -> None:
    """Both write the same rows at once, the rotation over and over."""
    values = {"api_url": sandbox.url, "api_key": SANDBOX_KEY}
    workspace = make_connection(name="Other").workspace
    draft = ConnectionDraft(workspace, "activecampaign", "Acme AC", values)
    connection = save_connection(draft, by="ada", now=timezone.now()).connection
    keys(NEW, OLD)
    rounds = iter(range(20))

    def save() -> None:
        # Another process, not restarted yet, would go on sealing with the old key.
        old = Connection.objects.get(pk=connection.pk)
        for number in rounds:
            text = f'{{"api_key": "typed-{number}"}}'
            Connection.objects.filter(pk=old.pk).update(
                secrets=seal_with(OLD, text), secret_fingerprint=fingerprint(text)
            )
            entered.append(text)

    entered: list[str] = []
    person = aside(save)
    while person.is_alive():
        key_rotation.rotate()
    person.join()
    key_rotation.rotate()

    keys(NEW)
    stored = Connection.objects.get(pk=connection.pk)
    assert len(entered) == 20
    assert stored.secrets.open() == entered[-1]
    assert stored.secret_fingerprint == fingerprint(entered[-1])


def seal_with(key: str, text: str) -> Sealed:
    return Sealed(Fernet(key).encrypt(text.encode()).decode())


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_do_the_work_once(keys) -> None:
    organization = make_organization()
    for number in range(12):
        create_machine_key(organization, name=f"Backend {number}", by="tests")
    keys(NEW, OLD)

    assert sum(at_once(2, key_rotation.rotate)) == 12
    assert key_rotation.standing() == key_rotation.Standing(newest=12)


@pytest.mark.django_db(transaction=True)
def test_a_connection_saved_in_the_middle_of_rotation_keeps_its_rotated_secret(
    keys, sandbox
) -> None:
    """A person renames the connection; the form was opened before the rotation."""
    values = {"api_url": sandbox.url, "api_key": SANDBOX_KEY}
    workspace = make_connection(name="Other").workspace
    draft = ConnectionDraft(workspace, "activecampaign", "Acme AC", values)
    opened = save_connection(draft, by="ada", now=timezone.now()).connection
    keys(NEW, OLD)
    key_rotation.rotate()

    values = {"api_url": sandbox.url}
    renamed = ConnectionDraft(workspace, "activecampaign", "Acme Europe", values)
    save_connection(renamed, connection=opened, by="ada", now=timezone.now())

    keys(NEW)
    stored = Connection.objects.get(pk=opened.pk)
    assert stored.name == "Acme Europe"
    assert stored.secrets.open() == f'{{"api_key": "{SANDBOX_KEY}"}}'
