"""The groups that ship with the product, and what each may do.

A permission is given to its group once, after the migration that brings it; whatever an
operator changes later stays. Support sees no connection, no key and no payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from meshes.models import RoleGrant

READ_HISTORY = (
    "deliveries.view_event",
    "deliveries.view_delivery",
    "deliveries.view_alert",
    "meshes.view_workspace",
    "rules.view_rule",
)
EDITED = ("connections.connection", "rules.rule", "rules.eventtype", "rules.resourcetype")
LIFECYCLE = (
    *READ_HISTORY,
    *(
        each.replace(".", f".{verb}_")
        for each in EDITED
        for verb in "view add change delete".split()
    ),
    "meshes.view_publishablekey",
    "connections.view_catalogentry",
    "rules.view_mappingversion",
    "rules.add_mappingversion",
    "deliveries.view_backgroundjob",
    "deliveries.send_test_event",
    "deliveries.replay_delivery",
    "deliveries.replay_many",
    "deliveries.cancel_delivery",
    "deliveries.read_back",
)
SUPPORT = (*READ_HISTORY, "deliveries.replay_delivery", "deliveries.read_back")
ROLES: Mapping[str, tuple[str, ...]] = {"Lifecycle": LIFECYCLE, "Support": SUPPORT}


def give_roles(**_kwargs: Any) -> None:
    """Create the groups, and give each what it was never given before.

    Why: permissions come into being after a migration, so this runs after each.
    """
    with transaction.atomic():
        for name, wanted in ROLES.items():
            _give(name, dict.fromkeys(wanted))


def _give(name: str, wanted: Mapping[str, None]) -> None:
    given = set(RoleGrant.objects.filter(role=name).values_list("permission", flat=True))
    group = Group.objects.filter(name=name).first()
    if group is None and given:
        return  # an operator has removed it
    new = _existing([each for each in wanted if each not in given])
    group = group or Group.objects.create(name=name)
    group.permissions.add(*new.values())
    RoleGrant.objects.bulk_create(RoleGrant(role=name, permission=each) for each in new)


def _existing(names: list[str]) -> dict[str, Permission]:
    if not names:
        return {}
    asked = Q()
    for app, _, codename in (name.partition(".") for name in names):
        asked |= Q(content_type__app_label=app, codename=codename)
    found = Permission.objects.filter(asked).select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}": each for each in found}
