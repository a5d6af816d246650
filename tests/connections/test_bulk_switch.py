"""The switch for bulk imports: off at first, explained on the form, audited."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from connections import refusals
from connections.destinations.activecampaign import ActiveCampaign
from connections.models import Connection
from connections.saving import save_connection
from tests.conftest import SANDBOX_KEY

pytestmark = pytest.mark.django_db


def page(connection: Connection) -> str:
    return f"/admin/connections/connection/{connection.pk}/change/"


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def save(draft: Any, connection: Connection, by: str = "ada") -> Connection:
    return save_connection(draft, connection=connection, by=by, now=timezone.now()).connection


def filled(connection: Connection, **over: Any) -> dict[str, Any]:
    given = {"name": connection.name, "api_url": connection.metadata["api_url"], "api_key": ""}
    return {**given, "requests_per_second": "5", **over}


def test_a_new_connection_sends_nothing_in_bulk(saved):
    assert Connection.objects.get().bulk_import is False


def test_the_form_says_what_it_costs(staff, saved):
    shown = text(staff.get(page(saved)))

    assert "Send bursts through the bulk importer" in shown
    for words in (
        "more than 50 people", "10 minutes at most", "an automation may start twice",
        "Lists and removals never go this way",
    ):  # fmt: skip
        assert words in shown


def test_the_form_for_a_new_connection_offers_it_switched_off(staff, workspace):
    answer = staff.get("/admin/connections/connection/add/")

    assert 'name="bulk_import"' in text(answer)
    assert answer.context["adminform"].form["bulk_import"].value() is False


def test_switching_it_on_and_off_is_audited(staff, saved):
    staff.post(page(saved), filled(saved, bulk_import="on"))
    assert Connection.objects.get().bulk_import is True
    staff.post(page(saved), filled(saved))

    assert Connection.objects.get().bulk_import is False
    told = saved.history.order_by("history_date")
    assert list(told.values_list("bulk_import", "history_change_reason")) == [
        (False, "ada"), (True, "admin"), (False, "admin"),
    ]  # fmt: skip


def test_a_client_that_does_not_mention_it_leaves_it_alone(draft, saved):
    save(draft(bulk_import=True), saved)
    saved.refresh_from_db()

    save(draft(name="Renamed"), saved)

    row = Connection.objects.get()
    assert (row.name, row.bulk_import) == ("Renamed", True)


def test_a_switch_that_somebody_else_moved_meanwhile_is_not_moved_back(draft, saved):
    Connection.objects.update(bulk_import=True)

    with pytest.raises(refusals.ChangedMeanwhile):
        save(draft(name="Renamed"), saved)

    row = Connection.objects.get()
    assert (row.name, row.bulk_import) == (saved.name, True)


def test_a_destination_without_an_importer_offers_none(staff, draft, saved, monkeypatch):
    monkeypatch.setattr(ActiveCampaign, "bulk", None)

    with pytest.raises(refusals.InvalidDraft) as caught:
        save(draft(bulk_import=True), saved)

    assert caught.value.errors == {
        "bulk_import": "ActiveCampaign has no bulk importer; leave this off."
    }
    assert "bulk_import" not in text(staff.get(page(saved)))
    assert SANDBOX_KEY not in text(staff.get(page(saved)))
