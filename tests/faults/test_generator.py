"""What the product of a run posts."""

import json
import random

from tests.faults.generator import (
    BULK,
    POISON,
    SINGLE,
    Generator,
    burst,
    email_of_person,
    leaver,
    leavers_events,
)


def posts(seed, count=600):
    generator = Generator(seed)
    return [generator.next() for _ in range(count)]


def test_the_same_seed_posts_the_same():
    assert posts("5") == posts("5")
    assert posts("5") != posts("6")


def test_every_event_carries_a_marker_of_its_own_and_every_request_a_key():
    sent = posts("5")
    markers = [marker for post in sent for marker in post.markers]

    assert len(set(markers)) == len(markers)
    assert len({post.key for post in sent}) == len(sent)


def test_bodies_hold_their_markers_in_order():
    for post in posts("5"):
        body = json.loads(post.body)
        events = body if post.path == BULK else [body]
        assert tuple(event["payload"]["user_id"] for event in events) == post.markers


def test_both_addresses_and_every_kind_of_poison_occur():
    sent = posts("5")

    assert {post.path for post in sent} == {SINGLE, BULK}
    assert {post.poison for post in sent} == {"", *POISON}


def test_a_burst_brings_many_people_the_same_ones_every_time_some_of_them_refused():
    first, second = (list(burst("beta", number=n, people=90)) for n in (1, 2))
    people = [
        [event["payload"]["email"] for post in b for event in json.loads(post.body)]
        for b in (first, second)
    ]

    assert people[0] == people[1]
    assert [len(set(people[0])), sum(email.startswith('"') for email in people[0])] == [90, 3]
    assert not {m for post in first for m in post.markers} & {m for p in second for m in p.markers}


def test_who_is_erased_later_is_named_by_their_own_events_and_by_one_of_another():
    events = json.loads(leavers_events(3, random.Random(1)).body)
    others = [
        event["payload"]["email"] for event in events if event["payload"]["email"] != leaver(3)
    ]

    assert len(events) == 9
    assert len(others) == 1
    assert others[0] in {email_of_person(number) for number in range(40)}
    assert all(leaver(3).upper() in str(event) for event in events)
