"""Every action against the stand-in server over real HTTP, with its calls counted."""

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.activecampaign.sandbox import SandboxServer
from connections.destinations.base import CatalogItem, Checked, Job, KnownContact
from connections.destinations.errors import (
    Misconfigured,
    RateLimited,
    Rejected,
    RemoteFault,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from connections.destinations.http import Line, open_session

EMAIL = "grace@example.com"
NOBODY = KnownContact()


class Account:
    """One sandbox with a line to it; remembers contacts as the engine does."""

    def __init__(self, server, session):
        self.server, self.state, self.faults = server, server.state, server.faults
        self.session, self.exchanges = session, []
        self.tag, self.list = self.state.add_tag("Trial"), self.state.add_list("News")

    def line(self, key=None, **over):
        metadata = DESTINATION.normalize({"api_url": self.server.url}, allow_private=True)
        return Line(
            self.session,
            base=DESTINATION.api_base(metadata),
            headers=DESTINATION.headers({"api_key": key or self.server.key}),
            before_call=lambda: None,
            record=self.exchanges.append,
            hide=(EMAIL,),
            deadline_s=over.pop("deadline_s", 10.0),
        )

    def run(self, action, known=NOBODY, **over):
        target = ("News", self.list) if action.endswith("_list") else ("Trial", self.tag)
        values = {"email": EMAIL, "target_label": target[0], "target_id": target[1], **over}
        return DESTINATION.run(Job(action, **values), self.line(), known)

    def calls(self):
        """The paths asked for since the last look, with their methods."""
        paths = [f"{e.method} {e.path.partition('?')[0]}" for e in self.exchanges]
        self.exchanges.clear()
        return paths


@pytest.fixture
def account():
    server = SandboxServer(rate_per_second=None)
    with server, open_session(allow_private=True) as session:
        yield Account(server, session)


def test_tagging_takes_two_calls_for_a_new_contact_and_one_after(account):
    done = account.run("add_tag")
    assert account.calls() == ["POST /contact/sync", "POST /contactTags"]

    again = account.run("add_tag", done.contact)
    assert account.calls() == ["POST /contactTags"]

    assert (done.effect, again.effect) == ("applied", "already")
    assert done.contact == again.contact
    assert account.state.tags_of(EMAIL) == ["Trial"]


def test_removing_a_tag_takes_one_call_with_its_link(account):
    contact = account.run("add_tag").contact
    account.calls()

    done = account.run("remove_tag", contact)

    assert account.calls() == [f"DELETE /contactTags/{contact.links[account.tag]}"]
    assert (done.effect, done.contact.links) == ("applied", {})
    assert account.state.tags_of(EMAIL) == []


def test_removing_a_tag_takes_two_calls_without_its_link(account):
    contact_id = account.state.add_contact(EMAIL, tags=["Trial"])

    for known in (NOBODY, KnownContact(contact_id)):
        account.state.add_contact(EMAIL, tags=["Trial"])
        assert account.run("remove_tag", known).effect == "applied"
        assert len(account.calls()) == 2
        assert account.state.tags_of(EMAIL) == []


def test_a_tag_put_back_by_hand_is_removed_as_well(account):
    contact = account.run("add_tag").contact
    account.state.remove_tag(EMAIL, "Trial")
    account.state.add_contact(EMAIL, tags=["Trial"])
    account.calls()

    assert account.run("remove_tag", contact).effect == "applied"
    assert len(account.calls()) == 3
    assert account.state.tags_of(EMAIL) == []


def test_removals_create_nobody(account):
    assert account.run("remove_tag").effect == "absent"
    assert account.run("remove_from_list").effect == "absent"

    assert account.calls() == ["GET /contacts", "GET /contacts"]
    assert account.state.contact_by_email(EMAIL) is None


def test_subscribing_takes_two_calls_for_a_new_contact_and_one_look_after(account):
    done = account.run("add_to_list")
    assert account.calls() == ["POST /contact/sync", "POST /contactLists"]

    again = account.run("add_to_list", done.contact)
    assert account.calls() == [f"GET /contacts/{done.contact.id}/contactLists"]

    assert (done.effect, again.effect) == ("applied", "already")
    assert account.state.lists_of(EMAIL) == {"News": 1}


@pytest.mark.parametrize("status", [2, 3])
@pytest.mark.parametrize("new_to_us", [True, False])
def test_who_left_the_list_is_not_subscribed_again(account, status, new_to_us):
    contact_id = account.state.add_contact(EMAIL, lists={account.list: status})

    with pytest.raises(Rejected):
        account.run("add_to_list", NOBODY if new_to_us else KnownContact(contact_id))

    assert "POST /contactLists" not in account.calls()
    assert account.state.lists_of(EMAIL) == {"News": status}


def test_an_update_answered_as_a_creation_does_not_override_an_unsubscription(account):
    account.state.add_contact(EMAIL, lists={account.list: 2})
    account.faults.set("same_status", status=201)

    with pytest.raises(Rejected):
        account.run("add_to_list")

    assert account.state.lists_of(EMAIL) == {"News": 2}


def test_who_left_the_list_comes_back_when_the_rule_says_so(account):
    account.state.add_contact(EMAIL, lists={account.list: 2})

    assert account.run("add_to_list", resubscribe=True).effect == "applied"
    assert account.state.lists_of(EMAIL) == {"News": 1}


def test_unsubscribing_takes_two_calls(account):
    contact = KnownContact(account.state.add_contact(EMAIL, lists=[account.list]))

    assert account.run("remove_from_list", contact).effect == "applied"
    assert len(account.calls()) == 2
    assert account.run("remove_from_list").effect == "already"
    assert account.calls() == ["GET /contacts"]
    assert account.state.lists_of(EMAIL) == {"News": 2}


def test_syncing_takes_one_call_and_writes_the_fields(account):
    types = {item.id: item for item in DESTINATION.read_catalog(account.line())}
    plan = next(item for item in types.values() if item.label == "Plan")
    topics = next(item for item in types.values() if item.label == "Interests")
    account.calls()

    done = account.run(
        "sync_contact",
        values={"firstName": "Grace", plan.id: "Pro", topics.id: ["Email", "Reports"], "999": "x"},
        field_types={plan.id: plan.type, topics.id: topics.type},
    )

    assert account.calls() == ["POST /contact/sync"]
    assert done.contact.fields_hash
    assert account.state.fields_of(EMAIL) == {"Plan": "Pro", "Interests": "||Email||Reports||"}


def test_a_deleted_contact_is_made_again(account):
    contact = account.run("add_tag").contact
    account.state.delete_contact(EMAIL)
    account.calls()

    done = account.run("add_tag", contact)

    assert account.calls() == ["POST /contactTags", "POST /contact/sync", "POST /contactTags"]
    assert done.contact.id != contact.id
    assert account.state.tags_of(EMAIL) == ["Trial"]


def test_a_merged_contact_is_found_again(account):
    old = account.state.add_contact("old@example.com")
    account.state.add_contact(EMAIL)
    account.state.merge_contacts("old@example.com", EMAIL)

    account.run("add_tag", KnownContact(old))

    assert account.state.tags_of(EMAIL) == ["Trial"]


def test_a_contact_of_another_email_is_not_mistaken_for_ours(account):
    other = account.state.add_contact("eve@example.com")

    done = account.run("add_tag", KnownContact(other))

    assert done.contact.id != other
    assert account.state.tags_of(EMAIL) == ["Trial"]


def test_a_tag_made_anew_under_its_name_is_found(account):
    account.state.delete_tag(account.tag)
    anew = account.state.add_tag("TRIAL")

    done = account.run("add_tag")

    assert (done.target_id, list(done.contact.links)) == (anew, [anew])
    assert account.calls()[2] == "GET /tags"
    assert account.state.tags_of(EMAIL) == ["TRIAL"]


@pytest.mark.parametrize("status", [400, 422])
def test_a_tag_that_is_gone_needs_a_person(account, status):
    account.faults.set("missing_tag_status", status=status)
    account.state.delete_tag(account.tag)

    with pytest.raises(Misconfigured) as caught:
        account.run("add_tag")

    assert caught.value.reason == "tag_not_found"


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_list_that_is_gone_needs_a_person_unless_its_name_lives_on(account, status):
    account.faults.set("related_missing_status", status=status)
    account.state.delete_list(account.list)

    with pytest.raises(Misconfigured) as caught:
        account.run("add_to_list")
    anew = account.state.add_list("news")

    assert caught.value.reason == "list_not_found"
    assert account.run("add_to_list").target_id == anew


def test_an_invalid_email_is_refused(account):
    with pytest.raises(Rejected) as caught:
        account.run("sync_contact", email="nobody@invalid")

    assert caught.value.reason == "email_invalid"


def test_no_exchange_shows_an_email_or_a_key(account):
    account.run("add_tag", values={"firstName": "Grace"})
    account.run("remove_tag")

    recorded = str(account.exchanges)
    assert len(account.exchanges) == 4
    assert EMAIL not in recorded
    assert "@" not in recorded
    assert account.server.key not in recorded
    assert "Grace" not in recorded


@pytest.mark.parametrize(
    ("fault", "options", "error", "reason"),
    [
        ("rate_limit", {"retry_after": 7}, RateLimited, "rate_limited"),
        ("rate_limit_503", {}, RemoteFault, "overloaded"),
        ("server_error", {"status": 504}, RemoteFault, "server_error"),
        ("cloudflare_502", {}, RemoteFault, "server_error"),
        ("login_page", {}, Unauthorized, "login_page"),
        ("forbidden_empty", {}, Unauthorized, "forbidden"),
        ("forbidden_json", {}, Unauthorized, "forbidden"),
        ("permission_denied", {}, Misconfigured, "permission_denied"),
        ("payment_required", {}, Unauthorized, "account_unpaid"),
        ("unauthorized", {}, Unauthorized, "unauthorized"),
        ("redirect", {}, Unauthorized, "login_page"),
        ("huge", {}, RemoteFault, "answer_too_large"),
        ("reset", {}, Unreachable, "connection_reset"),
        ("reset_after_write", {}, Unreachable, "connection_reset"),
        ("truncate", {}, Unreachable, "connection_reset"),
        ("empty_body", {}, Unauthorized, "login_page"),
    ],
)
def test_a_fault_becomes_its_error(account, fault, options, error, reason):
    account.faults.set(fault, **options)

    with pytest.raises(error) as caught:
        account.run("add_tag")

    assert caught.value.reason == reason
    assert len(account.calls()) == 1


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_slow_answer_ends_at_the_deadline(account, fault):
    account.faults.set(fault, seconds=5.0)

    with pytest.raises(TimedOut) as caught:
        DESTINATION.probe(account.line(deadline_s=0.3))

    assert caught.value.sent is True


def test_a_lost_answer_is_made_good_by_running_again(account):
    account.faults.set("reset_after_write", path="contactTags", count=1)

    with pytest.raises(Unreachable):
        account.run("add_tag")
    done = account.run("add_tag")

    assert done.effect == "already"
    assert account.state.tags_of(EMAIL) == ["Trial"]


@pytest.mark.parametrize("fault", ["json_as_html", "same_status"])
def test_an_odd_success_is_a_success(account, fault):
    account.faults.set(fault)

    account.run("add_tag")

    assert account.state.tags_of(EMAIL) == ["Trial"]


def test_a_check_names_account_and_counts(account):
    assert DESTINATION.check(account.line()) == Checked("127.0.0.1", tags=6, lists=4)


def test_a_wrong_key_fails_check_and_probe(account):
    for look in (DESTINATION.check, DESTINATION.probe):
        with pytest.raises(Unauthorized):
            look(account.line("wrong-key"))


def test_all_pages_of_the_catalog_are_read(account):
    for number in range(230):
        account.state.add_tag(f"t{number}")
    account.state.add_tag("for mails", kind="template")

    items = list(DESTINATION.read_catalog(account.line()))

    kinds = [item.kind for item in items]
    assert (kinds.count("tag"), kinds.count("list"), kinds.count("field")) == (236, 4, 4)
    assert CatalogItem("tag", account.tag, "Trial") in items
    assert account.calls().count("GET /tags") == 3
