"""Every page of the admin is looked at, with something to show on it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.walks.keyboard import press, write
from tests.walks.looking import look, visit, wrong_with
from tests.walks.world import World

TABLES = sorted(admin.site._registry, key=lambda table: table._meta.label)
BY_LABEL = {table._meta.label: table for table in TABLES}
FORBIDDEN = 403


@pytest.fixture(scope="module")
def history(world: World) -> dict[str, Any]:
    """A delivered and a failed delivery, an unmatched event, a replay, an erasure, books."""
    from deliveries import erasing
    from deliveries.background_jobs import start_replay
    from deliveries.books import check_books
    from deliveries.models import BackgroundJob
    from deliveries.selecting import selection_of

    delivered = world.delivered(world.emit("alex@northstar.io"))
    world.emit("kim@northstar.io", page="page_nobody-asks")
    world.delivered(world.emit("", page="page_invite-team", step=2))
    now = timezone.now()
    asked = {"status": "completed", "workspace": str(world.workspace.pk)}
    job = BackgroundJob(workspace=world.workspace, basis="was", insist=False, asked_by="walks")
    start_replay(selection_of(asked, now=now), job=job, last_id=delivered.pk, now=now)
    erasing.ask("gone@northstar.io", workspace=world.workspace, by="walks", now=now)
    check_books(now)
    return {"delivery": delivered}


def addresses(table: type[Any]) -> dict[str, str]:
    """The list, the form for a new row, and a row's pages, by a name for each."""
    name = f"admin:{table._meta.app_label}_{table._meta.model_name}"
    found = {"list": reverse(f"{name}_changelist"), "add": reverse(f"{name}_add")}
    row = table._default_manager.order_by("pk").first()
    if row is not None:
        for page in ("change", "history", "delete"):
            found[page] = reverse(f"{name}_{page}", args=[row.pk])
    return found


@pytest.mark.parametrize("label", BY_LABEL)
def test_every_page_of_a_table_looks_well(label, page: Page, world, history) -> None:
    wrong = []
    for name, address in addresses(BY_LABEL[label]).items():
        if page.request.get(address).status != FORBIDDEN:
            visit(page, address)
            wrong += wrong_with(page, f"{label}-{name}")

    assert not wrong, "\n".join(wrong)


def test_the_overview_looks_well(page: Page, history) -> None:
    visit(page, "/admin/")

    look(page, "overview")


def test_a_reason_and_a_time_narrow_the_list_together(page: Page, history) -> None:
    visit(page, reverse("admin:deliveries_delivery_changelist") + "?since=24h")
    page.locator("a", has_text=re.compile(r"^\s*Filters")).click()
    expect(page.get_by_label("time: received since")).not_to_have_value("")
    look(page, "filters")

    page.get_by_label("reason", exact=True).select_option("email_missing")
    page.get_by_label("time: received since").scroll_into_view_if_needed()
    page.get_by_role("button", name="Apply").first.click()

    expect(page).to_have_url(re.compile(r"reason=email_missing.*since=20"))
    expect(page.get_by_text("1 delivery on this page")).to_be_visible()


def test_pages_before_a_change_look_well(page: Page, world, history) -> None:
    delivery, rule = history["delivery"], world.rules[1]
    asking = {
        "replay-one": reverse("admin:deliveries_delivery_button", args=[delivery.pk, "replay"]),
        "replay-many": reverse("admin:deliveries_backgroundjob_replay")
        + f"?status=completed&workspace={world.workspace.pk}",
        "backfill": reverse("admin:deliveries_backgroundjob_backfill", args=[rule.pk]),
        "erase": reverse("admin:deliveries_erasure_ask"),
    }
    wrong = []
    for name, address in asking.items():
        visit(page, address)
        wrong += wrong_with(page, name)

    assert not wrong, "\n".join(wrong)


def test_an_erasure_is_asked_for_with_the_keyboard_alone(page: Page, world) -> None:
    visit(page, reverse("admin:deliveries_erasure_ask"))

    write(page, page.get_by_label("Email address"), "nobody@northstar.io")
    press(page, page.get_by_role("button", name="Continue…"))

    expect(page.get_by_role("button", name="Erase this person")).to_be_visible()
    look(page, "erase-confirm")


def test_the_page_of_a_job_keeps_itself_fresh(page: Page, world, history) -> None:
    from deliveries.models import BackgroundJob

    job = BackgroundJob.objects.filter(workspace=world.workspace).earliest("pk")
    later = timezone.now() + timedelta(hours=1)  # so that no worker takes it
    BackgroundJob.objects.filter(pk=job.pk).update(state="running", lease_until=later)
    visit(page, reverse("admin:deliveries_backgroundjob_change", args=[job.pk]))
    state = page.locator(".history-head .history-chip")
    expect(state).to_have_text("running")

    BackgroundJob.objects.filter(pk=job.pk).update(state="done")

    expect(state).to_have_text("done", timeout=10_000)
    look(page, "job-done")
