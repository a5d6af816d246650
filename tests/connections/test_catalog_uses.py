"""Tags and lists with the rules that use them, searched and paged through thousands."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connections.models import CatalogEntry, Connection
from meshes.models import Membership
from tests.builders import make_catalog, make_catalog_entry, make_connection, make_rule

pytestmark = pytest.mark.django_db
LIST = reverse("admin:connections_catalogentry_changelist")
CEILING = 25


@pytest.fixture
def rule() -> Any:
    """A rule that adds tag 12, in an account with a list of the same id."""
    rule = make_rule(name="Step 3 done")
    make_catalog(rule.connection.account, lists={"12": "Onboarding"})
    return rule


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def labels(answer: Any) -> list[str]:
    return [row.label for row in answer.context["cl"].result_list]


def ask(client: Any, **asked: str) -> Any:
    return client.get(LIST, asked)


def person(client: Any, *names: str, **membership: Any) -> None:
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    if membership:
        Membership.objects.create(user=user).workspaces.set(membership["workspaces"])
    client.force_login(user)


def test_a_tag_names_the_rules_that_use_it_and_a_list_of_that_id_does_not(staff, rule):
    link = reverse("admin:rules_rule_change", args=[rule.pk])

    shown = text(ask(staff, kind="tag"))

    assert f'<a href="{link}">Step 3 done</a>' in shown
    assert link not in text(ask(staff, kind="list"))


def test_tags_that_no_rule_uses_are_found_and_fields_are_not_among_them(staff, rule):
    assert labels(ask(staff, used="no")) == ["Onboarding", "step-2-complete"]
    assert labels(ask(staff, used="yes")) == ["step-3-complete"]


def test_a_rule_that_is_off_still_uses_its_tag_and_a_deleted_one_does_not(staff, rule):
    type(rule).objects.update(active=False)
    assert "Step 3 done</a> (off)" in text(ask(staff, used="yes"))

    type(rule).objects.update(deleted_at=timezone.now())
    assert labels(ask(staff, used="yes")) == []


def test_rules_of_several_workspaces_are_told_apart(staff, rule):
    other = make_rule(connection=make_connection(account=rule.connection.account), name="Other")

    shown = text(ask(staff, used="yes"))

    assert f"Step 3 done</a> ({rule.workspace})" in shown
    assert f"Other</a> ({other.workspace})" in shown


def test_the_page_of_a_tag_names_its_rules(staff, rule):
    entry = CatalogEntry.objects.get(kind="tag", external_id="12")

    shown = text(staff.get(reverse("admin:connections_catalogentry_change", args=[entry.pk])))

    assert "Step 3 done</a>" in shown


def test_rules_of_other_workspaces_are_not_named(client, rule):
    mine = make_connection(account=rule.connection.account)
    person(client, "view_catalogentry", "view_rule", workspaces=[mine.workspace])

    shown = ask(client, kind="tag")

    assert "step-3-complete" in labels(shown)
    assert "Step 3 done" not in text(shown)
    assert labels(ask(client, used="yes")) == []


def test_people_who_may_not_see_rules_get_their_number(client, rule):
    person(client, "view_catalogentry")

    shown = text(ask(client, kind="tag"))

    assert "1 rule" in shown
    assert "Step 3 done" not in shown


def test_the_search_knows_no_case_and_takes_whole_ids(staff, rule):
    make_catalog_entry(rule.connection.account, external_id="77", label="ÄRZTE 12")

    assert labels(ask(staff, q="ärzte")) == ["ÄRZTE 12"]
    assert labels(ask(staff, q="77")) == ["ÄRZTE 12"]
    assert labels(ask(staff, q="_")) == []


def test_the_list_says_when_the_account_was_read_and_offers_to_read_it_again(staff, rule):
    account = rule.connection.account
    account.catalog_refreshed_at = timezone.now()
    account.save()

    shown = text(ask(staff, account=str(account.pk)))

    button = reverse("admin:connections_connection_button", args=[rule.connection_id, "refresh"])
    assert f"{account.key} was read just now" in shown
    assert f'<form method="post" action="{button}?back=' in shown


def test_people_who_may_only_look_are_offered_no_reading(client, rule):
    person(client, "view_catalogentry")

    shown = text(ask(client, account=str(rule.connection.account_id)))

    assert "was not read yet" in shown
    assert "Refresh tags and lists" not in shown


def test_ten_thousand_tags_are_paged_with_few_questions(staff, rule):
    account = Connection.objects.get().account
    CatalogEntry.objects.bulk_create(
        CatalogEntry(
            account=account, kind="tag", external_id=str(n), label=f"tag {n:05}",
            folded=f"tag {n:05}", seen_at=timezone.now(),
        )
        for n in range(1_000, 11_000)
    )  # fmt: skip

    with CaptureQueriesContext(database) as queries:
        last = ask(staff, kind="tag", used="no", p="200", account=str(account.pk))

    assert labels(last)[-1] == "tag 10998"
    assert len(queries) <= CEILING
