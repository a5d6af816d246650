"""Tags and list memberships taken from contacts; nobody is ever created for that."""

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.base import Done, KnownContact, Request
from connections.destinations.errors import RemoteFault
from tests.connections.activecampaign.script import (
    EMAIL,
    Script,
    contact,
    job,
    links,
    listed,
    missing,
    states,
)

KNOWN = KnownContact("482", "h")
NOBODY = KnownContact()
LINKED = KnownContact("482", "h", {"64": "34", "7": "1"})
GONE = 200, {}
LOOK_UP_TAGS = f"GET /contacts?email={EMAIL}&include=contactTags"
LOOK_UP_LISTS = f"GET /contacts?email={EMAIL}&include=contactLists"
READ_TAGS = "GET /contacts/482/contactTags?limit=100&offset=0"
READ_LISTS = "GET /contacts/482/contactLists?limit=100&offset=0"


def remove(script, *, known=NOBODY, action="remove_tag", **over):
    done = DESTINATION.run(job(action, **over), script, known)
    assert script.lines == []
    return done


def looked_up(*contacts, **beside):
    return 200, {"contacts": list(contacts), **beside}


def test_removing_a_tag_whose_link_is_known_takes_one_call():
    script = Script(GONE)

    done = remove(script, known=LINKED)

    assert script.sent == [Request("tag_remove", "DELETE", "/contactTags/34")]
    assert done == Done(KnownContact("482", "h", {"7": "1"}), "applied", "The tag was removed.")


def test_an_empty_answer_to_a_removal_is_a_success():
    assert remove(Script((200, b"")), known=LINKED).effect == "applied"


def test_a_link_that_was_made_anew_is_found_and_removed():
    script = Script(missing("SubscriberTag"), links("7", "64"), GONE)

    done = remove(script, known=LINKED)

    assert script.calls == ["DELETE /contactTags/34", READ_TAGS, "DELETE /contactTags/364"]
    assert (done.effect, done.contact.links) == ("applied", {"7": "1"})


def test_a_link_that_is_really_gone_is_a_success():
    script = Script(missing("SubscriberTag"), links("7"))

    done = remove(script, known=LINKED)

    assert done == Done(
        KnownContact("482", "h", {"7": "1"}), "absent", "The contact does not hold the tag."
    )


def test_a_link_that_vanishes_between_look_and_removal_is_a_success():
    script = Script(links("64"), missing("SubscriberTag"))

    assert remove(script, known=KNOWN).effect == "absent"


def test_removing_from_a_known_contact_takes_two_calls():
    script = Script(links("64"), GONE)

    done = remove(script, known=KNOWN)

    assert script.calls == [READ_TAGS, "DELETE /contactTags/364"]
    assert done.contact == KnownContact("482", "h")


def test_all_pages_of_a_contact_are_read_until_the_tag_is_found():
    first = links(*map(str, range(1000, 1100)))
    script = Script(first, links("64"), GONE)

    remove(script, known=KNOWN)

    assert script.calls[1] == "GET /contacts/482/contactTags?limit=100&offset=100"


def test_removing_by_email_takes_two_calls():
    rows = links("7", "64")[1]
    script = Script(looked_up(contact(), **rows), GONE)

    done = remove(script)

    assert script.calls == [LOOK_UP_TAGS, "DELETE /contactTags/364"]
    assert done.contact == KnownContact("482")


def test_the_links_of_a_stranger_are_not_touched():
    rows = links("64", contact="9")[1]
    script = Script(looked_up(contact(), **rows))

    assert remove(script).effect == "absent"


def test_links_that_do_not_come_with_the_look_up_are_read():
    script = Script(looked_up(contact()), links("64"), GONE)

    assert remove(script).effect == "applied"
    assert script.calls == [LOOK_UP_TAGS, READ_TAGS, "DELETE /contactTags/364"]


def test_links_that_may_have_been_cut_are_read_in_full():
    rows = links(*map(str, range(1000, 1020)))[1]
    script = Script(looked_up(contact(), **rows), links("64"), GONE)

    assert remove(script).effect == "applied"


@pytest.mark.parametrize(
    ("action", "look_up"), [("remove_tag", LOOK_UP_TAGS), ("remove_from_list", LOOK_UP_LISTS)]
)
def test_who_does_not_exist_is_not_created(action, look_up):
    script = Script(looked_up())

    done = remove(script, action=action, values={"firstName": "Ada"})

    assert script.calls == [look_up]
    assert done == Done(KnownContact(), "absent", "ActiveCampaign has no such contact.")


def test_an_answer_about_others_says_nothing_about_the_contact():
    script = Script(looked_up(contact("9", "eve@example.com")))

    with pytest.raises(RemoteFault) as refused:
        remove(script)

    assert refused.value.reason == "unexpected_answer"
    assert script.calls == [LOOK_UP_TAGS]


def test_fields_are_not_synced_by_a_removal():
    script = Script(GONE)

    done = remove(script, known=LINKED, values={"firstName": "Ada"})

    assert script.calls == ["DELETE /contactTags/34"]
    assert done.contact.fields_hash == "h"


@pytest.mark.parametrize("link", [{}, {"7": "1"}])
def test_a_contact_that_died_is_looked_up_once(link):
    rows = links("64", contact="483")[1]
    script = Script(missing("Subscriber"), looked_up(contact("483"), **rows), GONE)

    done = remove(script, known=KnownContact("482", "h", link))

    assert script.calls == [READ_TAGS, LOOK_UP_TAGS, "DELETE /contactTags/364"]
    assert done.contact == KnownContact("483")


def test_a_contact_that_died_for_good_is_absent():
    script = Script(missing("Subscriber"), looked_up())

    assert remove(script, known=KNOWN) == Done(
        KnownContact(), "absent", "ActiveCampaign has no such contact."
    )


def test_a_removal_without_a_clear_answer_is_tried_again():
    with pytest.raises(RemoteFault) as caught:
        remove(Script((404, b"<html>not here</html>")), known=LINKED)

    assert caught.value.reason == "endpoint_not_found"


@pytest.mark.parametrize("status", ["0", "1", "3"])
def test_a_member_is_unsubscribed(status):
    script = Script(states(_64=status), listed(200))

    done = remove(script, known=KNOWN, action="remove_from_list")

    body = {"contactList": {"list": "64", "contact": "482", "status": 2}}
    assert script.calls[0] == READ_LISTS
    assert script.sent[1] == Request("list_set", "POST", "/contactLists", body=body)
    assert done == Done(KNOWN, "applied", "The contact was unsubscribed from the list.")


def test_who_was_never_on_the_list_gets_no_membership():
    script = Script(states(_7="1"))

    done = remove(script, known=KNOWN, action="remove_from_list")

    assert (done.effect, done.message) == ("absent", "The contact was never on the list.")


def test_who_unsubscribed_before_is_left_alone():
    script = Script(states(_64="2"))

    assert remove(script, known=KNOWN, action="remove_from_list").effect == "already"


def test_unsubscribing_by_email_takes_two_calls():
    script = Script(looked_up(contact(), **states(_64="1")[1]), listed(200))

    remove(script, action="remove_from_list")

    assert script.calls == [LOOK_UP_LISTS, "POST /contactLists"]


def test_a_remembered_contact_with_another_email_is_looked_up_again():
    eve = listed(200, email="eve@example.com")
    script = Script(states(_64="1"), eve, looked_up())

    done = remove(script, known=KNOWN, action="remove_from_list")

    assert script.calls == [READ_LISTS, "POST /contactLists", LOOK_UP_LISTS]
    assert done.contact == KnownContact()
