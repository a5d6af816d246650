"""Reading a contact back, and taking away what a test gave it."""

import pytest

from connections.destinations.activecampaign.contacts import CONTACTS
from connections.destinations.contacts import ContactSeen
from connections.destinations.errors import RemoteFault
from tests.connections.activecampaign.script import EMAIL, Script, contact, links, missing, states

FIND = f"GET /contacts?email={EMAIL}&include=contactTags"
LISTS = "GET /contacts/482/contactLists?limit=100&offset=0"


def looked_up(*tags, **over):
    return 200, {"contacts": [contact(**over)], **links(*tags)[1]}


def test_a_contact_is_read_with_its_tags_and_lists():
    script = Script(looked_up("64", "65"), states(_3="1", _4="2", _5="3", _6="0"))

    seen = CONTACTS.look(script, EMAIL)

    lists = {"3": "active", "4": "unsubscribed", "5": "bounced", "6": "unconfirmed"}
    assert seen == ContactSeen("482", {"64": "364", "65": "365"}, lists)
    assert script.calls == [FIND, LISTS]
    held = [("tag", "64"), ("tag", "66"), ("list", "3"), ("list", "4"), ("contact", "")]
    assert [seen.holds(*each) for each in held] == [True, False, True, False, True]


def test_a_look_up_that_may_have_been_cut_is_read_in_pages():
    many = [str(number) for number in range(100, 120)]
    script = Script(looked_up(*many), links(*many, "64"), states())

    assert CONTACTS.look(script, EMAIL).holds("tag", "64")
    assert script.calls[1] == "GET /contacts/482/contactTags?limit=100&offset=0"


def test_a_mailbox_that_refuses_mail_is_seen():
    script = Script(looked_up(bounced_hard="1"), states())

    assert CONTACTS.look(script, EMAIL) == ContactSeen("482", {}, {}, bounced=True)


def test_a_stranger_is_no_contact():
    script = Script((200, {"contacts": []}))

    assert CONTACTS.look(script, EMAIL) == ContactSeen()
    assert script.calls == [FIND]


def test_a_contact_deleted_between_two_looks_is_none():
    script = Script(looked_up("64"), missing("Subscriber", "482"))

    assert CONTACTS.look(script, EMAIL) == ContactSeen()


def test_an_answer_about_others_says_nothing():
    with pytest.raises(RemoteFault):
        CONTACTS.look(Script((200, {"contacts": [contact(email="eve@example.com")]})), EMAIL)


def test_taking_away_says_whether_it_was_there():
    gone = missing("SubscriberTag"), missing("Subscriber")
    script = Script((200, {}), gone[0], (200, {}), gone[1])

    done = [CONTACTS.take_tag(script, "364"), CONTACTS.take_tag(script, "364")]
    done += [CONTACTS.delete(script, "482"), CONTACTS.delete(script, "482")]

    assert done == [True, False, True, False]
    assert script.calls == ["DELETE /contactTags/364"] * 2 + ["DELETE /contacts/482"] * 2


def test_all_of_it_works_on_the_sandbox(server, wire):
    tag, news = server.state.add_tag("Trial"), server.state.add_list("News")
    contact_id = wire.sync(EMAIL).json()["contact"]["id"]
    wire.tag(contact_id, tag)
    wire.put_on_list(contact_id, news)

    def call(request):
        return _over(wire, request)

    seen = CONTACTS.look(call, EMAIL)
    assert (seen.id, list(seen.tags), seen.lists) == (contact_id, [tag], {news: "active"})
    assert CONTACTS.take_tag(call, seen.tags[tag])
    assert CONTACTS.unsubscribe(call, contact_id, news)
    assert CONTACTS.look(call, EMAIL) == ContactSeen(contact_id, {}, {news: "unsubscribed"})
    assert CONTACTS.delete(call, contact_id)
    assert CONTACTS.look(call, EMAIL) == ContactSeen()


def _over(wire, request):
    from connections.destinations.base import Answer

    given = {"params": list(request.query)}
    answer = wire(request.method, request.path.removeprefix("/"), request.body, **given)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status_code, headers, answer.content, 5)
