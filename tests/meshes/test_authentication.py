"""Which publishable keys open the door, and that a closed one closes at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meshes.authentication import KeyHolder, key_holder
from meshes.keys import revoke_key, rotate_key
from meshes.models import PublishableKey
from meshes.workspaces import bump_rules_version
from tests.deliveries.senders import EVENT, key_of, refused, stored

NO_KEY = "Send your workspace's publishable key in the header X-Meshes-Publishable-Key."
CLOSED = "The publishable key is unknown, revoked or expired."


def test_one_statement_finds_key_workspace_and_rules_version(api):
    bump_rules_version(api.workspace.pk)
    key = key_of(api)

    with CaptureQueriesContext(
        connection,
    ) as statements:
        found = key_holder(api.key, now=timezone.now())

    assert found == KeyHolder(
        workspace_id=api.workspace.pk,
        organization_id=api.workspace.organization_id,
        key_id=key.pk,
        key_name="Default",
        rules_version=2,
    )
    assert len(statements) == 1
    assert found.created_by == "publishable key: Default"


def test_a_request_without_a_key_is_refused(api):
    error = refused(
        api.client.post("/api/v1/events", EVENT, "application/json"), 401, "Unauthorized"
    )

    assert error == {"name": "Unauthorized", "message": NO_KEY}


@pytest.mark.parametrize(
    "key",
    ["mesh_pub_v1_0_unknown", "\x00", "mesh\x00pub", "é", "\udcff", "k" * 129, "' OR 1=1 --", " "],
)
def test_a_key_that_nobody_has_is_refused(api, key):
    api.key = key

    error = refused(api.emit(EVENT), 401, "Unauthorized")

    assert error["message"] in (CLOSED, NO_KEY)


@pytest.mark.parametrize(
    "closed",
    [{"revoked_at": timezone.now()}, {"deleted_at": timezone.now()}],
    ids=["revoked", "deleted"],
)
def test_a_revoked_or_deleted_key_is_refused_at_once(api, closed):
    assert api.emit(EVENT).status_code == 201

    PublishableKey.objects.filter(key=api.key).update(**closed)

    assert api.emit(EVENT).status_code == 401
    assert stored()[0] == 1


def test_a_key_is_refused_from_the_moment_it_expires(api, clock):
    now = timezone.now()
    PublishableKey.objects.filter(key=api.key).update(expires_at=now + timedelta(seconds=1))

    assert key_holder(api.key, now=now) is not None
    assert key_holder(api.key, now=now + timedelta(seconds=0.999999)) is not None
    assert key_holder(api.key, now=now + timedelta(seconds=1)) is None


def test_the_old_and_the_new_key_both_work_while_they_overlap(api):
    new = rotate_key(key_of(api), by="tests", now=timezone.now(), overlap=timedelta(hours=1))

    assert api.emit(EVENT).status_code == 201
    api.key = new.key
    assert api.emit(EVENT).status_code == 201
    revoke_key(new, by="tests", now=timezone.now())
    assert api.emit(EVENT).status_code == 401


@pytest.mark.parametrize("which", ["workspace", "organization"])
def test_the_keys_of_what_was_deleted_open_nothing(api, which):
    owner = api.workspace if which == "workspace" else api.workspace.organization
    owner.deleted_at = timezone.now()
    owner.save()

    refused(api.emit(EVENT), 401, "Unauthorized")


def test_the_name_of_a_key_is_cut_to_its_column():
    holder = KeyHolder(None, None, None, "n" * 300, 1)

    assert len(holder.created_by) == 200
