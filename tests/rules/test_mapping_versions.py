"""Saving a connection's mapping, and the rules that use it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from meshes.models import Workspace
from rules.errors import MappingInvalid, MappingStale
from rules.mapping import generated_schema
from rules.mapping_versions import MappingDraft, current_mapping, ensure_mapping, save_mapping
from rules.models import MappingVersion, Rule, RuleVersion
from tests.builders import make_catalog, make_catalog_entry, make_connection, make_rule

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
EMAIL = generated_schema()["fields"][0]
PLAN = {"dest": "7", "source": {"type": "path", "value": "plan"}}
WITH_PLAN = {"schema_version": 1, "fields": [EMAIL, PLAN]}


@pytest.fixture
def connection() -> Connection:
    connection = make_connection()
    make_catalog(connection.account)
    return connection


def save(connection: Connection, schema: Any = WITH_PLAN, **over: Any) -> MappingVersion:
    return save_mapping(connection, draft=MappingDraft(schema, **over), by="rosa", now=NOW)


def rules_version(connection: Connection) -> int:
    return Workspace.objects.get(pk=connection.workspace_id).rules_version


def test_a_connection_has_no_mapping_until_it_is_needed(connection: Connection) -> None:
    assert current_mapping(connection.pk) is None


def test_the_first_mapping_is_generated_once(connection: Connection) -> None:
    first = ensure_mapping(connection, by="system", now=NOW)
    assert ensure_mapping(connection, by="system", now=NOW) == first == MappingVersion.objects.get()
    assert (first.version, first.generated, first.schema) == (1, True, generated_schema())


def test_a_saved_mapping_is_the_next_version_of_the_same_mapping(connection: Connection) -> None:
    first = ensure_mapping(connection, by="system", now=NOW)

    saved = save(connection, name="Onboarding", expected_version=1)

    assert current_mapping(connection.pk) == saved
    assert (saved.version, saved.mapping_id, saved.generated) == (2, first.mapping_id, False)
    assert (saved.name, saved.schema, saved.created_by) == ("Onboarding", WITH_PLAN, "rosa")
    assert save(connection).name == "Onboarding"


def test_each_live_rule_of_the_connection_gets_a_version_with_the_mapping(
    connection: Connection,
) -> None:
    on = make_rule(connection=connection)
    off = make_rule(connection=connection, active=False, page_id="other")
    deleted = make_rule(connection=connection, deleted_at=NOW)
    elsewhere = make_rule(workspace=connection.workspace)
    before = rules_version(connection)

    saved = save(connection)

    appended = RuleVersion.objects.filter(change="mapping").order_by("matches")
    assert [(version.rule, version.number, version.matches) for version in appended] == [
        (off, 2, False),
        (on, 2, True),
    ]
    assert {version.rules_version for version in appended} == {before + 1}
    assert {version.mapping for version in appended} == {saved}
    assert Rule.objects.get(pk=on.pk).current == appended[1]
    assert [rule.versions.count() for rule in (deleted, elsewhere)] == [1, 1]
    assert rules_version(connection) == before + 1


def test_the_number_of_rules_does_not_change_the_number_of_queries(
    connection: Connection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    save(connection)
    for number in range(20):
        make_rule(connection=connection, page_id=str(number))

    with django_assert_max_num_queries(12):
        saved = save(connection)

    assert Rule.objects.filter(current__mapping=saved).count() == 20


def test_a_stale_version_is_refused_and_changes_nothing(connection: Connection) -> None:
    rule = make_rule(connection=connection)
    save(connection)
    before = rules_version(connection)

    with pytest.raises(MappingStale, match="version 2"):
        save(connection, expected_version=1)

    assert MappingVersion.objects.count() == 2
    assert (rule.versions.count(), rules_version(connection)) == (2, before)


def test_an_invalid_mapping_is_refused_with_its_faults(connection: Connection) -> None:
    schema = {"schema_version": 1, "fields": [EMAIL, PLAN | {"dest": "99"}]}

    with pytest.raises(MappingInvalid) as refused:
        save(connection, schema, name="")

    assert [path for path, _ in refused.value.faults] == ["fields[1].dest", "name"]
    assert str(refused.value).startswith("fields[1].dest: ")
    assert MappingVersion.objects.count() == 0


def test_a_schema_that_is_no_object_is_refused_in_a_sentence(connection: Connection) -> None:
    with pytest.raises(MappingInvalid, match=r"^The schema must be an object\.$"):
        save(connection, [])


def test_a_field_that_the_account_lost_cannot_be_mapped_again(connection: Connection) -> None:
    save(connection)
    make_catalog_entry(connection.account, kind="field", external_id="7", gone_at=NOW)
    with pytest.raises(MappingInvalid):
        save(connection)
