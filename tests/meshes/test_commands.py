"""The commands that make workspaces and machine keys say clearly what they did."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from meshes.models import MachineKey, Organization, PublishableKey, Workspace
from rules.models import EventType, ResourceType
from tests.builders import make_organization

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_createworkspace_answers_in_json() -> None:
    answer = json.loads(run("createworkspace", "Product", "--json"))

    workspace = Workspace.objects.get(pk=answer.pop("workspace_id"))
    assert answer == {"publishable_key": workspace.publishable_keys.get().key}
    assert workspace.organization.name == "Default"


def test_createworkspace_speaks_to_people_too() -> None:
    lines = run("createworkspace", "Product").splitlines()

    assert lines[0] == f"workspace_id: {Workspace.objects.get().id}"
    assert lines[1] == f"publishable_key: {PublishableKey.objects.get().key}"


def test_createworkspace_seeds_the_names_that_every_product_starts_with() -> None:
    run("createworkspace", "Product")

    assert set(EventType.objects.values_list("key", "created_by")) == {
        ("page.completed", "createworkspace"),
        ("contact.created", "createworkspace"),
    }
    assert ResourceType.objects.get().key == "global"


@pytest.mark.parametrize("by", ["name", "id"])
def test_an_organization_is_found_by_name_and_by_id(by: str) -> None:
    organization = make_organization(name="Acme")

    run("createworkspace", "Product", "--org", str(getattr(organization, by)))

    assert Workspace.objects.get().organization == organization


def test_an_unknown_organization_is_answered_with_the_known_ones() -> None:
    make_organization(name="Acme")

    with pytest.raises(CommandError, match="These exist: Acme, Default"):
        run("createworkspace", "Product", "--org", "Nobody")

    assert not Workspace.objects.exists()


def test_without_any_organization_the_next_step_is_named() -> None:
    Organization.objects.all().delete()

    with pytest.raises(CommandError, match="manage.py migrate"):
        run("createworkspace", "Product")


def test_a_taken_workspace_name_leaves_everything_as_it_was() -> None:
    run("createworkspace", "Product")

    with pytest.raises(CommandError, match="Choose another name"):
        run("createworkspace", "Product")

    assert (Workspace.objects.count(), EventType.objects.count()) == (1, 2)


def test_createmachinekey_answers_in_json() -> None:
    answer = json.loads(run("createmachinekey", "Backend", "--json"))

    key = MachineKey.objects.get()
    assert answer == {
        "org_id": str(key.organization_id),
        "access_key": key.access_key,
        "secret_key": key.secret.open(),
    }


def test_createmachinekey_tells_people_that_the_secret_is_shown_once() -> None:
    lines = run("createmachinekey", "Backend").splitlines()

    assert [line.split(":")[0] for line in lines[:3]] == ["org_id", "access_key", "secret_key"]
    assert lines[3] == "Keep the secret key now: it is not shown again."


@pytest.mark.parametrize("name", ["", "  ", "x" * 65])
def test_a_machine_key_needs_a_name_that_fits(name: str) -> None:
    with pytest.raises(CommandError, match="1 to 64 characters"):
        run("createmachinekey", name)

    assert not MachineKey.objects.exists()


def test_createmachinekey_limits_the_key_to_workspaces_and_to_reading() -> None:
    run("createworkspace", "Product")
    run("createworkspace", "Staging")
    product, staging = Workspace.objects.order_by("name")

    run("createmachinekey", "Backend", "--workspace", "Product", "--read-only")
    run("createmachinekey", "Both", "--workspace", "Product", "--workspace", str(staging.pk))

    backend, both = MachineKey.objects.order_by("name")
    assert (backend.read_only, list(backend.workspaces.all())) == (True, [product])
    assert (both.read_only, set(both.workspaces.all())) == (False, {product, staging})


def test_createmachinekey_makes_no_key_for_a_workspace_of_somebody_else() -> None:
    run("createworkspace", "Product", "--org", make_organization(name="Acme").name)

    with pytest.raises(CommandError, match=r"no workspace Product\. These exist: none"):
        run("createmachinekey", "Backend", "--workspace", "Product")

    assert not MachineKey.objects.exists()
