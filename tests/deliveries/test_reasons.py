"""Every reason that can be stored has three sentences, and none is described for nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from connections.destinations import DESTINATIONS, errors
from deliveries import planning
from deliveries.outcomes import ACCESS_REASONS
from deliveries.reasons import REASONS, Reason, explained

ROOT = Path(__file__).resolve().parents[2]
RAISED = {name for name, value in vars(errors).items() if isinstance(value, type)}
STORED_BY = {"MappingFailed": 0, "Verdict": 1, **dict.fromkeys(RAISED, 0)}
KEYWORDS = {"reason", "held_reason"}

CONSTANTS = {planning.EMAIL_MISSING, planning.EMAIL_INVALID, planning.CONNECTION_INACTIVE}
TO_COME = {"superseded"}  # written by replay and backfill


def test_every_reason_in_the_code_is_described() -> None:
    assert stored_reasons() - set(REASONS) == set()


def test_no_description_belongs_to_a_reason_that_nothing_stores() -> None:
    assert set(REASONS) - stored_reasons() - TO_COME == set()


def test_the_search_for_reasons_finds_them_in_every_shape() -> None:
    found = stored_reasons()

    assert {"dns_failed", "tag_not_found", "contact_bounced"} <= found
    assert {"rule_deleted", "canceled_by_person"} <= found
    assert {"secret_unreadable", "worker_lost", "connection_inactive"} <= found


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_is_three_whole_sentences(code: str) -> None:
    reason = explained(code, destination="ActiveCampaign")

    assert reason is not None
    for text in (reason.happened, reason.fixed_by, reason.next_step):
        assert text.endswith(".")
        assert text[0].isupper()
        assert ". " not in text
        assert "{" not in text


def test_a_reason_names_the_destination() -> None:
    assert explained("tag_not_found", destination="ActiveCampaign") == Reason(
        "The tag of the rule no longer exists in ActiveCampaign.",
        "Whoever looks after the rule fixes this on the rule's page.",
        "Choose another tag or create it again under the same name; then what waits goes out.",
    )


def test_an_unknown_code_has_no_explanation() -> None:
    assert explained("", destination="ActiveCampaign") is None
    assert explained("no_such_reason", destination="ActiveCampaign") is None


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        REASONS["new"] = REASONS["timeout"]


def stored_reasons() -> set[str]:
    found = CONSTANTS | ACCESS_REASONS
    for destination in DESTINATIONS:
        answers = import_module(f"connections.destinations.{destination.kind}.answers")
        found |= {row.reason for row in answers.ANSWERS if row.reason}
    trees = [ast.parse(path.read_text()) for path in sources()]
    shared: dict[str, ast.expr] = {}
    for tree in trees:
        shared |= constants(tree)
    for tree in trees:
        found |= set(literals(tree, shared))
    return found


def sources() -> Iterator[Path]:
    folders = (ROOT / "connections" / "destinations", ROOT / "deliveries")
    for folder in folders:
        for path in folder.rglob("*.py"):
            if not {"sandbox", "migrations"} & set(path.parts) and path.name != "reasons.py":
                yield path


def literals(tree: ast.Module, shared: dict[str, ast.expr]) -> Iterator[str]:
    named = {**shared, **constants(tree)}  # what one file names, another may store
    for node in ast.walk(tree):
        for value in said_to_be_reasons(node):
            yield from texts(value, named)


def said_to_be_reasons(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from (value for key, value in pairs if getattr(key, "value", "") in KEYWORDS)
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
        place = STORED_BY.get(name, len(node.args))
        yield from node.args[place : place + 1]
        yield from (word.value for word in node.keywords if word.arg in KEYWORDS)


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    assigned = (node for node in tree.body if isinstance(node, ast.Assign))
    return {ast.unparse(node.targets[0]): node.value for node in assigned}


def texts(value: ast.expr, named: dict[str, ast.expr]) -> Iterator[str]:
    if isinstance(value, ast.Name) and value.id in named:
        value = named[value.id]
    if isinstance(value, ast.IfExp):
        yield from texts(value.body, named)
        yield from texts(value.orelse, named)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value
