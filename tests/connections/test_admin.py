"""The staff's pages for connections, as a signed-in person sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connections.admin_deleting import SHOWN
from connections.models import Account, CatalogEntry, Connection
from connections.pace import pause
from meshes.encryption import Sealed
from meshes.models import Membership
from tests.builders import make_account, make_catalog_entry, make_connection, make_rule
from tests.conftest import SANDBOX_KEY

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/connection/"
ADD = f"{LIST}add/"
CATALOG = "/admin/connections/catalogentry/"
CANARY = "canary-wrong-key-1"


def page(connection: Connection, *more: str) -> str:
    return "/".join([f"{LIST}{connection.pk}", *(more or ["change"]), ""])


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def stored() -> Connection:
    return Connection.objects.select_related("account").get()


@pytest.fixture
def filled(draft: Any) -> Any:
    """A function that makes what a person sends with the form."""

    def fill(**over: Any) -> dict[str, Any]:
        wish = draft()
        given = {"workspace": str(wish.workspace.pk), "name": wish.name, "save_unchecked": ""}
        return given | wish.values | over

    return fill


def test_the_form_is_made_from_the_destinations_declaration(staff, workspace):
    shown = text(staff.get(ADD))

    assert "API URL" in shown
    assert "API Key" in shown
    assert "Settings, then Developer" in shown
    assert "Save it although" not in shown
    assert f'value="{workspace.pk}"' in shown


def test_saving_checks_for_real_and_says_so_in_words(staff, filled):
    answer = staff.post(ADD, filled(), follow=True)

    connection = stored()
    assert answer.redirect_chain[-1][0] == page(connection)
    assert "Saved. Connected to 127.0.0.1." in text(answer)
    assert connection.created_by == "admin"
    assert CatalogEntry.objects.count() == 12


def test_the_page_tells_how_the_connection_is_doing(staff, saved):
    shown = text(staff.get(page(saved)))

    assert "<h1>Acme AC: working</h1>" in shown
    assert "<p>Connected to 127.0.0.1.</p>" in shown
    for link in (
        "<strong>5</strong> Tags",
        "<strong>3</strong> Lists",
        "<strong>4</strong> Fields",
    ):
        assert link in shown
    assert f"fingerprint {saved.secret_fingerprint}. Leave it empty to keep" in shown
    assert 'name="requests_per_second"' in shown


def test_the_page_says_who_made_the_connection(staff, saved):
    Connection.objects.update(created_by="machine key: Provisioning")

    assert "machine key: Provisioning, " in text(staff.get(page(saved)))


def test_a_wrong_key_is_refused_beside_the_form_and_nothing_is_stored(staff, filled):
    answer = staff.post(ADD, filled(api_key=CANARY))

    assert answer.status_code == 200
    assert "ActiveCampaign does not accept this key." in text(answer)
    assert CANARY not in answer.content.decode()
    assert not Connection.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("over", "field"),
    [({"api_key": CANARY}, "api_key"), ({"api_url": "http://nowhere.invalid"}, "api_url")],
)
def test_what_the_account_refuses_is_said_first_and_at_the_field_to_blame(
    over, field, staff, filled, saved
):
    answer = staff.post(page(saved), filled(**over))

    shown = answer.content.decode()
    assert list(answer.context["adminform"].form.errors) == [field]
    assert shown.index('class="errornote') < shown.index('class="connection-cards"')


def test_a_connection_that_is_not_edited_shows_how_it_does_first(staff, saved):
    shown = staff.get(page(saved)).content.decode()

    assert shown.index('class="connection-cards"') < shown.index('id="connection_form"')


def test_what_a_name_may_hold_is_told_beforehand(staff, workspace):
    assert "Letters from a to z, digits, spaces, underscores and hyphens" in text(staff.get(ADD))


def test_a_bad_address_is_named_at_its_field(staff, filled):
    answer = staff.post(ADD, filled(api_url="https://a.example/admin/"))

    assert answer.context["adminform"].form.errors.keys() == {"api_url"}
    assert not Connection.objects.exists()


def test_a_missing_workspace_is_asked_for_before_anything_is_called(staff, filled, sandbox):
    answer = staff.post(ADD, filled(workspace=""))

    assert "workspace" in answer.context["adminform"].form.errors
    assert sandbox.state.requests == []


def test_a_destination_that_is_down_offers_to_save_unchecked(staff, filled, sandbox):
    sandbox.faults.set("server_error")

    answer = staff.post(ADD, filled())
    assert "Save it although it could not be checked" in text(answer)
    assert not Connection.objects.exists()

    answer = staff.post(ADD, filled(save_unchecked="on"), follow=True)
    assert "Saved. Not checked: ActiveCampaign has a problem" in text(answer)
    assert "Unchecked" in text(staff.get(LIST))


def test_a_catalog_that_cannot_be_read_is_said(staff, filled, sandbox):
    sandbox.faults.set("permission_denied", what="lists", path="lists")

    answer = staff.post(ADD, filled(), follow=True)

    assert "The key may not read lists; give its user that permission." in text(answer)
    assert "Its tags and lists could not be read:" in text(answer)


def test_an_empty_key_keeps_the_stored_one(staff, saved, filled):
    answer = staff.post(page(saved), filled(name="Renamed", api_key=""), follow=True)

    assert "Saved." in text(answer)
    assert (stored().name, stored().secrets) == ("Renamed", saved.secrets)


def test_the_budget_is_the_accounts(staff, saved, filled):
    staff.post(page(saved), filled(requests_per_second="2.5"))

    assert stored().account.requests_per_second == 2.5


@pytest.mark.parametrize("rate", ["0", "-1", "101", "NaN", "fast"])
def test_an_impossible_budget_is_refused(staff, saved, filled, rate):
    before = stored().account.requests_per_second

    answer = staff.post(page(saved), filled(name="Renamed", requests_per_second=rate))

    assert "requests_per_second" in answer.context["adminform"].form.errors
    assert (stored().name, stored().account.requests_per_second) == (saved.name, before)


def test_no_page_shows_the_key(staff, saved, filled):
    staff.post(page(saved), filled(name="Renamed"))
    first = saved.history.last()

    for address in (
        LIST, page(saved, "change"), page(saved, "history"), page(saved, "delete"),
        page(saved, "history", str(first.pk)), page(saved, "do", "test"), CATALOG,
    ):  # fmt: skip
        answer = staff.get(address)
        assert answer.status_code == 200, address
        assert SANDBOX_KEY not in answer.content.decode(), address
        assert stored().secrets.token not in answer.content.decode(), address


def test_a_failed_form_does_not_send_the_key_back(staff, saved, filled):
    answer = staff.post(page(saved), filled(name="", api_key=SANDBOX_KEY))

    assert SANDBOX_KEY not in answer.content.decode()


def test_an_error_report_has_no_key(saved, filled, admin_user, mailoutbox, settings, monkeypatch):
    settings.ADMINS = [("Ops", "ops@example.com")]
    browser = Client(raise_request_exception=False)
    browser.force_login(admin_user)
    monkeypatch.setattr("connections.forms.timezone.now", lambda: 1 / 0)

    answer = browser.post(page(saved), filled(api_key=CANARY))

    assert answer.status_code == 500
    assert CANARY not in answer.content.decode()
    assert all(CANARY not in mail.body + str(mail.alternatives) for mail in mailoutbox)


@pytest.mark.parametrize("button", ["test", "refresh", "off"])
def test_a_button_asks_first_and_acts_by_post(staff, saved, button, sandbox):
    before = len(sandbox.state.requests)

    asked = staff.get(page(saved, "do", button))

    assert saved.name in text(asked)
    assert "csrfmiddlewaretoken" in asked.content.decode()
    assert len(sandbox.state.requests) == before
    assert stored().active is True


def test_a_post_without_the_token_is_refused(saved, admin_user):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin_user)

    assert browser.post(page(saved, "do", "off")).status_code == 403
    assert browser.post(page(saved), {}).status_code == 403
    assert stored().active is True


def test_test_connection_shows_the_result(staff, saved, sandbox):
    assert "Connected to 127.0.0.1." in text(staff.post(page(saved, "do", "test"), follow=True))
    sandbox.faults.set("payment_required")
    shown = text(staff.post(page(saved, "do", "test"), follow=True))
    assert "The ActiveCampaign account is unpaid; its owner must settle the bill." in shown


def test_refreshing_says_what_was_read_and_what_is_gone(staff, saved, sandbox):
    tag = CatalogEntry.objects.get(label="trial-started")
    sandbox.state.delete_tag(tag.external_id)

    shown = text(staff.post(page(saved, "do", "refresh"), follow=True))

    assert "Read 4 tags, 3 lists and 4 fields. 1 of the ones known before are gone." in shown
    sandbox.faults.set("server_error")
    shown = text(staff.post(page(saved, "do", "refresh"), follow=True))
    assert "has a problem of its own" in shown


def test_switching_off_and_on(staff, saved):
    shown = text(staff.post(page(saved, "do", "off"), follow=True))
    assert "is off; its deliveries wait" in shown
    assert "Switched off by a person; switch it on to send again." in shown
    assert stored().active is False

    shown = text(staff.post(page(saved, "do", "on"), follow=True))
    assert "is on; what waited is sent now." in shown
    assert stored().active is True


def test_a_refused_key_keeps_it_off(staff, saved):
    Connection.objects.update(active=False, inactive_reason="authentication_invalid")

    shown = text(staff.get(page(saved)))

    assert "The API key is not accepted. Enter a working key" in shown
    assert "The account has refused the key since then" in shown
    assert "Switch on" not in shown
    assert "Test connection" in shown
    pressed = text(staff.post(page(saved, "do", "on"), follow=True))
    assert "This no longer applies." in pressed
    assert stored().active is False


def test_deleting_asks_marks_the_row_and_takes_it_off_the_list(staff, saved):
    assert "Its key is destroyed" in text(staff.get(page(saved, "delete")))

    staff.post(page(saved, "delete"), {"post": "yes"})

    assert stored().deleted_at is not None
    assert stored().history.first().history_change_reason == "admin"
    assert staff.get(f"{LIST}?hidden=all").context["cl"].result_count == 0


def test_an_active_rule_stands_in_the_way_of_deleting(staff, saved):
    rule = make_rule(connection=saved, name="Welcome them")

    shown = text(staff.get(page(saved, "delete")))
    assert "Switch each of these off or delete it, then come back" in shown
    assert f'href="/admin/rules/rule/{rule.pk}/change/">Rule “Welcome them”</a>' in shown
    assert 'name="post"' not in shown
    staff.post(page(saved, "delete"), {"post": "yes"})

    assert stored().deleted_at is None


def test_many_rules_in_the_way_are_led_to_by_one_link(staff, saved):
    for number in range(SHOWN + 2):
        make_rule(connection=saved, name=f"Welcome {number}", page_id=f"page-{number}")

    shown = text(staff.get(page(saved, "delete")))

    assert shown.count("Rule “Welcome") == SHOWN
    assert f"All {SHOWN + 2} active rules of this connection" in shown
    assert f"?connection__id__exact={saved.pk}&amp;active__exact=1" in shown


def test_who_may_not_see_rules_gets_their_names_without_links(client, saved):
    make_rule(connection=saved, name="Welcome them")
    person = User.objects.create_user("kim", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__endswith="_connection"))
    client.force_login(person)

    shown = text(client.get(page(saved, "delete")))

    assert "<li>Rule “Welcome them”</li>" in shown


def test_a_rule_that_came_in_between_is_said(staff, saved, monkeypatch):
    from connections.admin import ConnectionAdmin

    make_rule(connection=saved)
    nothing_in_the_way = ([], {}, set(), [])
    monkeypatch.setattr(ConnectionAdmin, "get_deleted_objects", lambda *_: nothing_in_the_way)

    shown = text(staff.post(page(saved, "delete"), {"post": "yes"}, follow=True))

    assert "1 active rule uses the connection" in shown
    assert stored().deleted_at is None


def test_the_list_leaves_out_hidden_connections_unless_asked(staff):
    make_connection(name="Plain one")
    make_connection(name="Secret one", hidden=True)

    assert "Secret one" not in text(staff.get(LIST))
    assert "Plain one" not in text(staff.get(f"{LIST}?hidden=yes"))
    assert "Secret one" in text(staff.get(f"{LIST}?hidden=all"))


def test_the_list_costs_the_same_with_many_connections(staff):
    for _ in range(3):
        make_connection()
    with CaptureQueriesContext(
        database,
    ) as few:
        staff.get(LIST)
    for number in range(20):
        make_connection(account=make_account(key=f"{number}.example"))

    with CaptureQueriesContext(database) as many:
        staff.get(LIST)

    assert len(many) == len(few) <= 12


STATES = [
    ({"last_check": {}}, {}, "Unchecked. Nobody has tested it yet; press Test connection."),
    ({"last_check": {"ok": False, "message": "No."}}, {}, "Unchecked. No. Then press Test"),
    ({}, {"catalog_error": "No lists."}, "Working. Tags and lists were not read: No lists."),
    ({"active": False}, {}, "Off. Switched off by a person; switch it on"),
]


@pytest.mark.parametrize(("over", "account", "words"), STATES)
def test_the_state_is_said_with_what_to_do(staff, saved, over, account, words):
    Connection.objects.update(**over)
    Account.objects.update(**account) if account else None

    assert words in text(staff.get(LIST))


def test_a_missing_permission_is_part_of_the_state(staff, saved, sandbox):
    sandbox.faults.set("permission_denied", what="lists", path="lists")

    staff.post(page(saved, "do", "test"))

    assert "Working. Connected to 127.0.0.1. The key may not read lists;" in text(staff.get(LIST))


def test_a_connection_without_a_key_says_where_to_find_one(staff, saved):
    Connection.objects.update(secrets=Sealed(""))

    shown = text(staff.get(page(saved)))

    assert "fingerprint" not in shown
    assert shown.count("Settings, then Developer") == 2


def test_a_failed_check_of_a_known_key_is_told_apart(staff, saved, sandbox):
    sandbox.faults.set("server_error")

    staff.post(page(saved, "do", "test"))

    assert "Last check failed. ActiveCampaign has a problem of its own." in text(staff.get(LIST))


def test_a_pause_is_shown_and_a_past_one_is_not(staff, saved):
    pause(saved.account_id, seconds=60, reason="rate_limited")
    assert "It goes on by itself." in text(staff.get(LIST))
    assert "the account asked for fewer requests." in text(staff.get(page(saved)))

    Account.objects.update(paused_until=timezone.now() - timedelta(seconds=1))
    assert "It goes on by itself." not in text(staff.get(LIST))


def test_a_connection_that_was_never_read_says_never(staff):
    connection = make_connection(last_check={})

    shown = text(staff.get(page(connection)))

    assert "Nobody has tested it yet." in shown
    assert "Not read yet." in shown
    assert "<strong>0</strong> Tags" in shown
    assert "Requests today" not in shown
    assert 'name="requests_per_second"' not in shown


def person(workspace: Any = None, *permissions: str) -> Client:
    user = User.objects.create_user("grace", password="-", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    if workspace:
        Membership.objects.create(user=user).workspaces.set([workspace])
    browser = Client()
    browser.force_login(user)
    return browser


def test_a_person_sees_only_their_own_workspaces(saved, workspace):
    foreign = make_connection(name="Foreign")
    make_catalog_entry(foreign.account, label="Foreign tag")
    browser = person(workspace, "view_connection", "change_connection", "view_catalogentry")

    assert "Foreign" not in text(browser.get(LIST))
    assert saved.name in text(browser.get(LIST))
    assert browser.get(page(foreign)).status_code == 302
    assert browser.post(page(foreign, "do", "off")).status_code == 404
    assert "Foreign tag" not in text(browser.get(CATALOG))
    assert "trial-started" in text(browser.get(CATALOG))


def test_a_person_who_may_only_look_sees_no_form_and_presses_no_button(saved, workspace):
    browser = person(workspace, "view_connection")

    shown = text(browser.get(page(saved)))

    assert "<h1>Acme AC: working</h1>" in shown
    assert 'name="api_key"' not in shown
    assert "Test connection" not in shown
    assert browser.post(page(saved, "do", "test")).status_code == 403
    assert browser.post(page(saved), {}).status_code == 403


def test_the_catalog_is_searched_filtered_and_never_changed(staff, saved):
    assert "trial-started" in text(staff.get(CATALOG))
    assert staff.get(f"{CATALOG}?kind=tag").context["cl"].result_count == 5
    assert "Newsletter" in text(staff.get(f"{CATALOG}?q=newsLETTER&account={saved.account_id}"))
    assert staff.get(f"{CATALOG}?account=0").context["cl"].result_count == 0
    assert staff.get(f"{CATALOG}add/").status_code == 403
    entry = CatalogEntry.objects.get(label="Plan")
    change = reverse("admin:connections_catalogentry_change", args=[entry.pk])
    assert "Free, Pro, Team" in text(staff.get(change))
    assert staff.post(change, {"label": "x"}).status_code == 403


def test_what_is_gone_is_shown_only_when_asked(staff, saved):
    CatalogEntry.objects.filter(label="trial-started").update(gone_at=timezone.now())

    assert "trial-started" not in text(staff.get(CATALOG))
    assert "trial-started" in text(staff.get(f"{CATALOG}?gone=yes"))


def test_an_account_without_an_accepted_key_shows_nothing(staff):
    make_catalog_entry(make_connection(last_check={}).account, label="Unseen tag")

    assert "Unseen tag" not in text(staff.get(CATALOG))
