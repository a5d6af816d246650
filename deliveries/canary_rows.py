"""The rows that the canary needs: an organization, workspace, key, connection and rule of its own.

Made when the first one is sent, under fixed ids, so that two processes make the same ones;
`meshes.hidden` says how everybody else leaves them out.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from connections.destinations import canary
from connections.models import Account, Connection
from meshes.hidden import CANARY_ORGANIZATION, CANARY_WORKSPACE
from meshes.keys import new_publishable_key
from meshes.models import Organization, PublishableKey, Workspace
from rules.mapping import generated_schema
from rules.models import MappingVersion, Rule, RuleVersion

NAME = "Canary"
EVENT = "meshes.canary"
KEY = UUID("744fec3e-b2b4-4ae8-b8f8-301862777622")
CONNECTION = UUID("fc11ed4d-d144-4a9d-b963-3a5615e4024d")
MAPPING = UUID("a5d34742-21e4-44a0-a419-a0450269e44d")
RULE = UUID("e979cf71-75ed-4a21-8962-5ae172ca5c21")
VERSION = UUID("2b14607e-d24e-42f2-8a9a-b0694ab3b03c")
SAID = {"name": NAME, "event": EVENT, "action": canary.ARRIVE.key}


def key_of_canary() -> str:
    """The publishable key with which the canary is sent; what is missing is made."""
    found = PublishableKey.objects.filter(pk=KEY).values_list("key", flat=True).first()
    if found is None:
        with transaction.atomic():
            _make()
        found = PublishableKey.objects.values_list("key", flat=True).get(pk=KEY)
    return str(found)


def _make() -> None:
    """Every row that is not there yet, by way of no form, history or cache of people's rules."""
    kind, key = canary.DESTINATION.kind, canary.DESTINATION.account_key({})
    workspace = Workspace(pk=CANARY_WORKSPACE, organization_id=CANARY_ORGANIZATION, name=NAME)
    _put(Organization(pk=CANARY_ORGANIZATION, name=NAME))
    _put(workspace)
    _put(Account(kind=kind, key=key))
    account = Account.objects.only("pk").get(kind=kind, key=key)
    here: dict[str, Any] = {"workspace_id": CANARY_WORKSPACE}
    _put(Connection(pk=CONNECTION, name=NAME, kind=kind, account=account, hidden=True, **here))
    _put(MappingVersion(pk=MAPPING, connection_id=CONNECTION, version=1, schema=generated_schema()))
    _put(Rule(pk=RULE, connection_id=CONNECTION, hidden=True, **SAID, **here))
    _put(_version())
    Rule.objects.filter(pk=RULE).update(current=VERSION)
    _put(PublishableKey(pk=KEY, name=NAME, key=new_publishable_key(workspace), **here))


def _version() -> RuleVersion:
    return RuleVersion(
        pk=VERSION,
        rule_id=RULE,
        workspace_id=CANARY_WORKSPACE,
        number=1,
        rules_version=1,
        change=RuleVersion.Change.CREATED,
        connection_id=CONNECTION,
        mapping_id=MAPPING,
        matches=True,
        **SAID,
    )


def _put(row: Model) -> None:
    type(row)._base_manager.bulk_create([row], ignore_conflicts=True)
