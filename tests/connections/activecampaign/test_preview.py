"""The requests that a dry run shows are the ones that a first delivery makes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.activecampaign.preview import CONTACT, LINK
from connections.destinations.base import KnownContact, Request
from tests.connections.activecampaign.script import Script, created, job, listed, tagged


def with_ids(request: Request, **ids: str) -> Request:
    """The request with real ids where the preview has braces."""
    text = json.dumps(request.body).replace(CONTACT, ids["contact"])
    return replace(request, body=json.loads(text))


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        ("add_tag", [created(), tagged()]),
        ("add_to_list", [created(), listed()]),
        ("sync_contact", [created()]),
    ],
)
def test_a_preview_shows_what_is_sent_for_a_new_contact(action: str, lines: list[Any]) -> None:
    wanted = job(action, values={"firstName": "Ada"})
    script = Script(*lines)
    DESTINATION.run(wanted, script, KnownContact())

    shown = [with_ids(each, contact="482") for each in DESTINATION.preview(wanted)]

    assert shown == script.sent


@pytest.mark.parametrize("action", ["remove_tag", "remove_from_list"])
def test_a_preview_of_a_removal_looks_the_contact_up_first(action: str) -> None:
    first, second = DESTINATION.preview(job(action))
    assert (first.operation, first.method) == ("contact_find", "GET")
    assert LINK in second.path or CONTACT in str(second.body)


def test_every_declared_action_has_a_preview() -> None:
    for action in DESTINATION.actions:
        assert DESTINATION.preview(job(action.key))
    assert DESTINATION.preview(job("send_fax")) == ()
