"""A tag taken away and given again, call by call, and how a try goes on after a broken one."""

from __future__ import annotations

from typing import Any

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.base import Done, Hooks, KnownContact
from tests.connections.activecampaign.script import Script, created, job, links, missing, tagged

KNOWN = KnownContact("482", "", {"64": "34"})
DELETED = 200, {}


def run(
    script: Script, *, known: KnownContact = KNOWN, taken_away: str = ""
) -> tuple[Done, list[str]]:
    steps: list[str] = []
    wanted = job("add_tag", restart=True, taken_away=taken_away)
    done = DESTINATION.run(wanted, script, known, hooks=Hooks(taken=steps.append))
    assert script.lines == []
    return done, steps


def test_a_known_link_is_removed_and_the_tag_given_again() -> None:
    script = Script(DELETED, tagged("35"))
    done, steps = run(script)
    assert script.calls == ["DELETE /contactTags/34", "POST /contactTags"]
    assert (done.effect, done.contact.links, steps) == ("applied", {"64": "35"}, ["64"])


def test_an_unknown_link_is_looked_up() -> None:
    script = Script(links("64"), DELETED, tagged())
    _, steps = run(script, known=KnownContact("482"))
    assert script.calls[1:] == ["DELETE /contactTags/364", "POST /contactTags"]
    assert steps == ["64"]


def test_a_contact_without_the_tag_is_only_given_it() -> None:
    script = Script(links("7"), tagged())
    _, steps = run(script, known=KnownContact("482"))
    assert [call.split()[0] for call in script.calls] == ["GET", "POST"]
    assert steps == ["64"]


def test_a_link_that_is_gone_is_looked_up_again() -> None:
    script = Script(missing("contactTag"), links("7"), tagged())
    run(script)
    assert [call.split()[0] for call in script.calls] == ["DELETE", "GET", "POST"]


def test_a_new_contact_has_nothing_to_take_away() -> None:
    script = Script(created(), tagged())
    _, steps = run(script, known=KnownContact())
    assert script.calls == ["POST /contact/sync", "POST /contactTags"]
    assert steps == ["64"]


def test_a_later_try_only_gives_the_tag() -> None:
    script = Script(tagged(status=200))
    done, steps = run(script, taken_away="64")
    assert script.calls == ["POST /contactTags"]
    assert (done.effect, steps) == ("already", [])


def test_what_was_taken_of_another_target_does_not_count() -> None:
    assert run(Script(DELETED, tagged()), taken_away="63")[1] == ["64"]


def test_a_step_that_cannot_be_written_down_stops_before_the_tag_is_given() -> None:
    script: Any = Script(DELETED, tagged())

    def lost(_target: str) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        DESTINATION.run(job("add_tag", restart=True), script, KNOWN, hooks=Hooks(taken=lost))
    assert script.calls == ["DELETE /contactTags/34"]
