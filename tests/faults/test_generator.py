"""What the product of a run posts."""

import json

from tests.faults.generator import BULK, POISON, SINGLE, Generator


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
