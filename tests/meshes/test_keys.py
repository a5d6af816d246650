"""Keys have the official clients' formats and open the door only while they may."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from meshes.keys import (
    KeyNotUsable,
    create_key,
    create_machine_key,
    new_publishable_key,
    revoke_key,
    revoke_machine_key,
    rotate_key,
)
from meshes.models import MachineKey, PublishableKey, Workspace
from tests.builders import make_organization, make_workspace

PUBLISHABLE = re.compile(r"^mesh_pub_([A-Za-z0-9\-.]+)_([A-Za-z0-9\-.]+)_([^_]+)$")
ORGANIZATION = re.compile(
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
)
ACCESS = re.compile(r"^mk_[A-Za-z0-9_-]{22,}$")
SECRET = re.compile(r"^[A-Za-z0-9_-]{43,}$")


def usable(now) -> set[str]:
    return set(PublishableKey.objects.usable(now).values_list("key", flat=True))


@given(workspace_id=st.uuids())
def test_every_publishable_key_passes_the_events_client(workspace_id) -> None:
    key = new_publishable_key(Workspace(id=workspace_id))

    match = PUBLISHABLE.match(key)
    assert match is not None
    assert match[1] == "v1"
    assert match[2] == workspace_id.hex[:8]
    assert re.fullmatch(r"[A-Za-z0-9]{32,}", match[3])
    assert len(key) <= PublishableKey._meta.get_field("key").max_length


def test_two_keys_of_one_workspace_differ() -> None:
    workspace = Workspace(id=uuid4())

    assert len({new_publishable_key(workspace) for _ in range(100)}) == 100


@pytest.mark.django_db
def test_machine_keys_pass_the_management_client() -> None:
    organization = make_organization()
    for number in range(20):
        key, secret = create_machine_key(organization, name=f"Key {number}", by="tests")

        assert ORGANIZATION.match(str(key.organization_id))
        assert ACCESS.match(key.access_key)
        assert SECRET.match(secret)


@pytest.mark.django_db
def test_a_machine_secret_is_kept_sealed_and_can_be_opened_for_signatures() -> None:
    key, secret = create_machine_key(make_organization(), name="Backend", by="tests")

    kept = MachineKey.objects.get(pk=key.pk)
    assert kept.secret.open() == secret
    assert secret not in kept.secret.token
    assert secret not in repr(kept.__dict__)


@pytest.mark.django_db
def test_a_revoked_key_opens_nothing_and_stays_revoked() -> None:
    now = timezone.now()
    key = create_key(make_workspace(), name="Site", by="tests")

    revoke_key(key, by="alex", now=now)
    again = revoke_key(key, by="alex", now=now + timedelta(days=1))

    assert usable(now) == set()
    assert again.revoked_at == now
    reasons = [row.history_change_reason for row in again.history.all()]
    assert reasons == ["revoked by alex", None]


@pytest.mark.django_db
def test_both_keys_work_until_the_overlap_ends() -> None:
    now = timezone.now()
    old = create_key(make_workspace(), name="Site", by="tests")

    new = rotate_key(old, by="alex", now=now)

    assert new.name == "Site"
    assert PublishableKey.objects.get(pk=old.pk).replaced_by == new
    assert usable(now + timedelta(days=6)) == {old.key, new.key}
    assert usable(now + timedelta(days=7)) == {new.key}


@pytest.mark.django_db
def test_a_key_is_rotated_once() -> None:
    now = timezone.now()
    old = create_key(make_workspace(), name="Site", by="tests")
    rotate_key(old, by="alex", now=now)

    with pytest.raises(KeyNotUsable, match="already replaced"):
        rotate_key(old, by="alex", now=now)

    assert PublishableKey.objects.count() == 2


@pytest.mark.django_db
def test_a_revoked_key_is_not_rotated() -> None:
    now = timezone.now()
    key = revoke_key(create_key(make_workspace(), name="Site", by="t"), by="alex", now=now)

    with pytest.raises(KeyNotUsable, match="no longer works"):
        rotate_key(key, by="alex", now=now)

    assert PublishableKey.objects.count() == 1


@pytest.mark.django_db
def test_a_revoked_machine_key_is_not_usable() -> None:
    now = timezone.now()
    key, _ = create_machine_key(make_organization(), name="Backend", by="tests")

    revoke_machine_key(key, by="a person with a very long name " * 6, now=now)

    assert not MachineKey.objects.usable(now).exists()


@pytest.mark.django_db
def test_the_key_that_takes_over_may_do_what_the_old_one_could() -> None:
    limits = {"events_per_second": 5.0, "events_burst": 120, "allowed_origins": "https://a.example"}
    old = create_key(make_workspace(), name="Site", by="kim", **limits, allowed_events="a\nb")

    new = rotate_key(old, by="alex", now=timezone.now())

    assert (new.events_per_second, new.events_burst) == (5.0, 120)
    assert (new.allowed_origins, new.allowed_events) == ("https://a.example", "a\nb")
