"""Against a real account, where one is named: the place to learn when ActiveCampaign drifts.

Set ACTIVECAMPAIGN_TEST_URL and ACTIVECAMPAIGN_TEST_KEY of an account that is for tests only;
a tag `meshes-live-test` must exist there. One contact at example.org is made and left behind.
"""

from __future__ import annotations

import os
import socket
import time
from urllib.parse import urlsplit

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.base import Job, KnownContact
from connections.destinations.http import Line, open_session

URL = os.environ.get("ACTIVECAMPAIGN_TEST_URL", "")
KEY = os.environ.get("ACTIVECAMPAIGN_TEST_KEY", "")
HOST = urlsplit(URL).hostname or "localhost"
TAG = "meshes-live-test"


def addresses() -> list[str]:
    """Where the network guard must let this test go."""
    return sorted({str(found[4][0]) for found in socket.getaddrinfo(HOST, 443)}) if URL else []


pytestmark = [
    pytest.mark.skipif(not (URL and KEY), reason="no account for live tests is named"),
    pytest.mark.allow_hosts(addresses()),
]


@pytest.fixture
def line():
    return Line(
        open_session(allow_private=False),
        base=DESTINATION.api_base(DESTINATION.normalize({"api_url": URL})),
        headers=DESTINATION.headers({"api_key": KEY}),
        before_call=lambda: time.sleep(0.3),
        record=lambda _exchange: None,
    )


def test_a_real_account_passes_the_check(line):
    checked = DESTINATION.check(line)

    assert checked.account_name
    assert checked.missing == ()


def test_a_real_account_takes_a_tag_twice_and_gives_it_back(line):
    tags = {item.label: item.id for item in DESTINATION.read_catalog(line) if item.kind == "tag"}
    job = Job("add_tag", "meshes-live-test@example.org", target_id=tags[TAG], target_label=TAG)

    first = DESTINATION.run(job, line, KnownContact())
    again = DESTINATION.run(job, line, first.contact)
    removal = Job("remove_tag", job.email, target_id=tags[TAG], target_label=TAG)
    removed = DESTINATION.run(removal, line, again.contact)

    assert again.contact.id == first.contact.id
    assert (again.effect, removed.effect) == ("already", "applied")
