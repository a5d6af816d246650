"""Erased people, and where they might still be."""

from tests.faults.erasure_checks import logs, no_address_in_logs, nothing_is_left
from tests.faults.generator import DOMAIN, leaver

PERSON = leaver(3)
BLANK = {"uuid": "u", "erased_at": "then", "payload": {}, "user_id": "", "page_title": ""}
CLEAN = [("deliveries_event.email", ""), ("deliveries_event.email", leaver(33))]


def left(places=CLEAN, **over):
    return nothing_is_left([PERSON], places, {"u": {**BLANK, **over}}).broken


def test_a_person_who_is_nowhere_any_more_holds_and_others_may_stay():
    assert left() == ()


def test_any_trace_in_a_table_or_a_log_is_found_once_per_place():
    traces = [("t.answer", f"x{PERSON.upper()}"), ("t.key", "key-leaver-3-x-5"), ("t.key", PERSON)]

    assert left([*CLEAN, *traces]) == (
        "t.answer still names an erased person.",
        "t.key still names an erased person.",
    )


def test_an_event_that_was_not_blanked_or_is_not_counted_any_more_is_found():
    assert len(left(erased_at=None)) == 1
    assert len(left(payload={"a": 1})) == 1
    assert len(nothing_is_left([PERSON], CLEAN, {"u": {}}).broken) == 1


def test_a_run_in_which_nobody_was_erased_does_not_hold():
    assert not nothing_is_left([], CLEAN, {}).ok


def test_addresses_in_the_products_logs_are_found_and_the_sandboxes_own_are_not_ours(tmp_path):
    (tmp_path / "web.log").write_text("a sound line\n")
    (tmp_path / "sandbox-alpha.log").write_text(f"somebody@{DOMAIN}\n")
    assert no_address_in_logs(logs(tmp_path), DOMAIN).broken == ()

    (tmp_path / "web.log").write_text(f"email=somebody@{DOMAIN}\n")
    assert no_address_in_logs(logs(tmp_path), DOMAIN).broken == ("web.log holds an address.",)
