"""Tags, list memberships and fields given to contacts, call by call."""

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.base import Done, KnownContact, Request
from connections.destinations.errors import Misconfigured, Rejected, RemoteFault
from tests.connections.activecampaign.script import (
    EMAIL,
    Script,
    contact,
    created,
    job,
    listed,
    missing,
    states,
    tagged,
    updated,
)

KNOWN = KnownContact("482")
NOBODY = KnownContact()
LIST_MISSING = 400, {"errors": [{"code": "related_missing", "error": "list_not_exist"}]}
DUPLICATE = 422, {"errors": [{"title": "Email address already exists", "code": "duplicate"}]}


def run(script, *, known=NOBODY, action="add_tag", **over):
    done = DESTINATION.run(job(action, **over), script, known)
    assert script.lines == []
    return done


def refused(error_type, script, **over):
    with pytest.raises(error_type) as caught:
        run(script, **over)
    assert script.lines == []
    return caught.value.reason


def test_tagging_a_known_contact_takes_one_call():
    script = Script(tagged())

    done = run(script, known=KNOWN)

    body = {"contactTag": {"contact": "482", "tag": "64"}}
    assert script.sent == [Request("tag_add", "POST", "/contactTags", body=body)]
    assert done == Done(KnownContact("482", "", {"64": "34"}), "applied", "The tag was added.")


def test_tagging_an_unknown_contact_takes_two_calls():
    script = Script(created(), tagged())

    done = run(script)

    assert script.sent[0] == Request(
        "contact_sync", "POST", "/contact/sync", body={"contact": {"email": EMAIL}}
    )
    assert script.calls == ["POST /contact/sync", "POST /contactTags"]
    assert done.contact == KnownContact("482", "", {"64": "34"})


def test_a_tag_that_was_held_before_is_reported_as_such():
    done = run(Script(tagged(status=200)), known=KNOWN)

    assert (done.effect, done.message) == ("already", "The contact already held the tag.")


def test_links_to_other_tags_stay_remembered():
    done = run(Script(tagged()), known=KnownContact("482", "", {"7": "1"}))

    assert done.contact.links == {"7": "1", "64": "34"}


def test_changed_fields_are_synced_before_the_tag():
    script = Script(updated(), tagged())
    over = {"values": {"firstName": "Ada"}, "known": KnownContact("482", "old", {"7": "1"})}

    done = run(script, **over)

    digest = DESTINATION.fields_hash(job("add_tag", values={"firstName": "Ada"}))
    assert script.calls == ["POST /contact/sync", "POST /contactTags"]
    assert done.contact == KnownContact("482", digest, {"7": "1", "64": "34"})


def test_fields_that_were_synced_before_are_not_synced_again():
    over = {"values": {"firstName": "Ada"}}
    digest = DESTINATION.fields_hash(job("add_tag", **over))
    script = Script(tagged())

    done = run(script, known=KnownContact("482", digest), **over)

    assert script.calls == ["POST /contactTags"]
    assert done.contact.fields_hash == digest


def test_a_job_without_fields_keeps_what_was_synced_before():
    done = run(Script(tagged()), known=KnownContact("482", "before"))

    assert done.contact.fields_hash == "before"


def test_a_sync_that_finds_another_contact_forgets_the_links_of_the_old_one():
    known = KnownContact("9", "old", {"7": "1"})

    done = run(Script(updated("482"), tagged()), known=known, values={"phone": "1"})

    assert (done.contact.id, done.contact.links) == ("482", {"64": "34"})


def test_a_contact_that_died_is_synced_again_once():
    script = Script(missing("Subscriber"), created("483"), tagged())

    done = run(script, known=KnownContact("482", "h", {"7": "1"}))

    assert script.calls == ["POST /contactTags", "POST /contact/sync", "POST /contactTags"]
    assert script.sent[2].body == {"contactTag": {"contact": "483", "tag": "64"}}
    assert done.contact == KnownContact("483", "", {"64": "34"})


def test_a_contact_that_dies_twice_is_a_fault_to_try_again():
    script = Script(missing("Subscriber"), created("483"), missing("Subscriber"))

    assert refused(RemoteFault, script, known=KNOWN) == "contact_not_found"


def test_a_remembered_contact_with_another_email_is_synced_again():
    script = Script(tagged(email="eve@example.com"), created("483"), tagged())

    done = run(script, known=KNOWN)

    assert script.calls == ["POST /contactTags", "POST /contact/sync", "POST /contactTags"]
    assert done.contact.id == "483"


def test_a_contact_that_keeps_another_email_is_the_wrong_one():
    eve = tagged(email="eve@example.com")

    assert refused(Rejected, Script(eve, created(), eve), known=KNOWN) == "wrong_contact"


def test_a_sync_that_answers_with_a_stranger_tags_nobody():
    script = Script(updated(email="eve@example.com"))

    assert refused(Rejected, script) == "wrong_contact"


def test_an_email_may_come_back_in_another_case():
    assert run(Script(tagged(email="Ada@Example.COM")), known=KNOWN).effect == "applied"


@pytest.mark.parametrize("body", [{"contact": {"email": EMAIL}}, {"contact": {"id": "482"}}])
def test_a_sync_without_id_or_email_is_a_fault(body):
    assert refused(RemoteFault, Script((200, body))) == "unexpected_answer"


def found(*rows):
    return 200, {"tags": [{"id": i, "tag": name, "tagType": kind} for i, name, kind in rows]}


@pytest.mark.parametrize(
    "gone",
    [missing("Tag"), (400, {"errors": [{"detail": "No tag id provided"}]})],
    ids=["404", "400"],
)
def test_a_tag_that_died_is_found_again_by_its_name(gone):
    script = Script(gone, found(("70", "trial", "contact")), tagged())

    done = run(script, known=KNOWN)

    assert script.calls == [
        "POST /contactTags",
        "GET /tags?filters[search][eq]=Trial&limit=100&offset=0",
        "POST /contactTags",
    ]
    assert script.sent[2].body == {"contactTag": {"contact": "482", "tag": "70"}}
    assert (done.target_id, done.contact.links) == ("70", {"70": "34"})
    assert done.message.endswith("found again by its name under another id.")


def test_only_a_contact_tag_of_exactly_that_name_counts():
    rows = [("1", "Trial started", "contact"), ("2", "Trial", "template")]
    script = Script(missing("Tag"), found(*rows), found(*rows, ("3", "TRIAL", "contact")), tagged())

    assert run(script, known=KNOWN).target_id == "3"
    assert script.calls[2] == "GET /tags?search=Trial&limit=100&offset=0"


def test_a_tag_whose_name_is_gone_too_needs_a_person():
    script = Script(missing("Tag"), found(), found())

    assert refused(Misconfigured, script, known=KNOWN) == "tag_not_found"


def test_a_tag_without_a_remembered_name_needs_a_person():
    script = Script(missing("Tag"))

    assert refused(Misconfigured, script, known=KNOWN, target_label="") == "tag_not_found"


def test_a_tag_that_dies_twice_needs_a_person():
    script = Script(missing("Tag"), found(("64", "Trial", "contact")), missing("Tag"))

    assert refused(Misconfigured, script, known=KNOWN) == "tag_not_found"


def test_contact_and_tag_may_both_die_in_one_run():
    script = Script(
        missing("Subscriber"),
        created("483"),
        missing("Tag"),
        found(("70", "Trial", "contact")),
        tagged(),
    )

    done = run(script, known=KNOWN)

    assert (done.contact.id, done.target_id) == ("483", "70")


def test_subscribing_a_contact_that_this_run_created_takes_two_calls():
    script = Script(created(), listed())

    done = run(script, action="add_to_list")

    body = {"contactList": {"list": "64", "contact": "482", "status": 1}}
    assert script.sent[1] == Request("list_set", "POST", "/contactLists", body=body)
    assert done == Done(KnownContact("482"), "applied", "The contact was subscribed to the list.")


@pytest.mark.parametrize(
    "sync",
    [updated(), (201, {"contact": contact()}), (201, {"contact": contact(sentcnt="0", udate="1")})],
    ids=["200", "201 for an update", "201 with equal dates"],
)
def test_the_state_is_read_whenever_the_contact_may_be_older_than_this_run(sync):
    script = Script(sync, states(_64="2"))

    assert refused(Rejected, script, action="add_to_list") == "contact_unsubscribed"
    assert script.calls[1] == "GET /contacts/482/contactLists?limit=100&offset=0"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("2", "contact_unsubscribed"), ("3", "contact_bounced"), ("91", "contact_unsubscribed")],
)
def test_who_left_the_list_is_not_subscribed_again(status, reason):
    script = Script(states(_64=status))

    assert refused(Rejected, script, known=KNOWN, action="add_to_list") == reason
    assert [request.method for request in script.sent] == ["GET"]


@pytest.mark.parametrize("status", ["2", "3"])
def test_who_left_the_list_is_subscribed_again_when_the_rule_says_so(status):
    script = Script(states(_64=status), listed(200))

    done = run(script, known=KNOWN, action="add_to_list", resubscribe=True)

    assert script.sent[1].body == {
        "contactList": {"list": "64", "contact": "482", "status": 1, "sourceid": 4}
    }
    assert done.effect == "applied"


def test_an_active_member_is_left_alone():
    script = Script(states(_64="1"))

    done = run(script, known=KNOWN, action="add_to_list", resubscribe=True)

    assert script.calls == ["GET /contacts/482/contactLists?limit=100&offset=0"]
    assert done.effect == "already"


@pytest.mark.parametrize("before", [states(), states(_7="2"), states(_64="0")])
def test_who_never_left_the_list_is_subscribed(before):
    script = Script(before, listed())

    assert run(script, known=KNOWN, action="add_to_list", resubscribe=True).effect == "applied"
    assert script.sent[1].body == {"contactList": {"list": "64", "contact": "482", "status": 1}}


def test_a_list_that_died_is_found_again_and_its_state_is_read_first():
    lists = 200, {"lists": [{"id": "5", "name": "TRIAL"}, {"id": "6", "name": "Trial 2"}]}
    script = Script(states(), LIST_MISSING, lists, states(_5="2"))

    assert refused(Rejected, script, known=KNOWN, action="add_to_list") == "contact_unsubscribed"
    assert script.calls[2] == "GET /lists?filters[name]=Trial&limit=100&offset=0"


def test_a_list_whose_name_is_gone_too_needs_a_person():
    script = Script(states(), LIST_MISSING, (200, {"lists": []}))

    assert refused(Misconfigured, script, known=KNOWN, action="add_to_list") == "list_not_found"


def test_a_contact_that_died_is_created_again_before_it_is_subscribed():
    script = Script(missing("Subscriber"), created("483"), listed())

    run(script, known=KNOWN, action="add_to_list")

    assert script.calls[1:] == ["POST /contact/sync", "POST /contactLists"]


def test_syncing_takes_one_call_even_when_nothing_changed():
    over = {"values": {"firstName": "Ada", "6": "Gold", "7": "lost"}, "field_types": {"6": "enum"}}
    digest = DESTINATION.fields_hash(job("sync_contact", **over))
    script = Script(updated())

    done = run(script, action="sync_contact", known=KnownContact("482", digest, {"7": "1"}), **over)

    fields = [{"field": "6", "value": "Gold"}]
    body = {"contact": {"email": EMAIL, "firstName": "Ada", "fieldValues": fields}}
    assert script.sent == [Request("contact_sync", "POST", "/contact/sync", body=body)]
    assert done == Done(
        KnownContact("482", digest, {"7": "1"}), "applied", "The contact was created or updated."
    )


def test_a_contact_that_somebody_else_created_meanwhile_is_looked_up():
    script = Script(DUPLICATE, (200, {"contacts": [contact()]}), tagged())

    done = run(script, values={"firstName": "Ada"})

    assert script.calls[1] == f"GET /contacts?email={EMAIL}&include=contactTags"
    assert done.contact == KnownContact("482", "", {"64": "34"})


def test_fields_that_lost_a_race_are_tried_again_later():
    script = Script(DUPLICATE, (200, {"contacts": [contact()]}))

    assert refused(RemoteFault, script, action="sync_contact") == "contact_duplicate"


def test_a_duplicate_that_nobody_can_find_is_a_fault():
    assert refused(RemoteFault, Script(DUPLICATE, (200, {"contacts": []}))) == "contact_duplicate"


def test_an_invalid_email_is_refused_before_anything_is_tagged():
    invalid = 422, {"errors": [{"title": "not valid", "code": "email_invalid"}]}

    assert refused(Rejected, Script(invalid)) == "email_invalid"
