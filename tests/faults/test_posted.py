"""What the run knows of events that say nothing any more."""

import json

from tests.faults.client import Ledger, Sent
from tests.faults.generator import Post
from tests.faults.posted import posted


def sent(*ids):
    events = [{"payload": {"user_id": f"m-{n}", "email": f"p{n}@x.io"}} for n in range(len(ids))]
    post = Post(
        "key", "/bulk", json.dumps(events).encode(), tuple(f"m-{n}" for n in range(len(ids)))
    )
    return Sent(post, status=207, ids=ids)


def test_every_accepted_event_is_known_by_its_id_and_a_refused_one_is_not():
    known = posted(Ledger([sent("u-0", "", "u-2"), Sent(sent("u-9").post)]))

    assert {uuid: event.marker for uuid, event in known.items()} == {"u-0": "m-0", "u-2": "m-2"}
    assert [known["u-2"].text("email"), known["u-2"].text("note")] == ["p2@x.io", ""]
