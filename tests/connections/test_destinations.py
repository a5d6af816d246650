"""The contract that every registered destination keeps."""

import importlib
import subprocess
import sys

import pytest

from connections.destinations import DESTINATIONS, UnknownDestinationError, destination
from connections.destinations.base import Answer, Job, KnownContact
from connections.destinations.errors import (
    DestinationError,
    Misconfigured,
    RateLimited,
    Rejected,
    RemoteFault,
    Unauthorized,
)

every = pytest.mark.parametrize("each", DESTINATIONS, ids=lambda each: each.kind)

FAILURES = (
    (401, b"{}", Unauthorized),
    (403, b"", Unauthorized),
    (200, b"<html>Log in</html>", Unauthorized),
    (429, b"", RateLimited),
    (500, b"<html>", RemoteFault),
    (503, b"", RemoteFault),
    (405, b"", (Rejected, Misconfigured)),
)


def job(action):
    return Job(action.key, "ada@example.com", target_id="64", target_label="Trial")


def answering(status, body):
    sent = []

    def call(request):
        sent.append(request)
        return Answer(status, {}, body, 5)

    return call, sent


def test_a_destination_is_found_by_its_kind():
    assert [destination(each.kind) for each in DESTINATIONS] == list(DESTINATIONS)
    assert len({each.kind for each in DESTINATIONS}) == len(DESTINATIONS)


def test_an_unknown_kind_is_a_key_error_that_names_the_known_ones():
    with pytest.raises(KeyError) as caught:
        destination("pigeon")

    assert caught.type is UnknownDestinationError
    assert str(caught.value) == "There is no destination 'pigeon'; known: activecampaign."


def test_destinations_import_no_django():
    code = (
        "import sys, connections.destinations\n"
        "assert not [n for n in sys.modules if n.partition('.')[0] in ('django', 'rest_framework')]"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@every
def test_credentials_are_declared_and_secrets_marked(each):
    keys = [field.key for field in each.fields]

    assert len(set(keys)) == len(keys)
    assert any(field.secret for field in each.fields)
    assert all(field.label and field.help_text for field in each.fields)


@every
def test_a_destination_cannot_be_changed_by_accident(each):
    with pytest.raises(AttributeError):
        each.kind = "other"


@every
def test_actions_and_fields_are_declared_for_people(each):
    assert len({action.key for action in each.actions}) == len(each.actions)
    assert all(action.label and action.noun and action.description for action in each.actions)
    assert "email" in {item.id for item in each.core_fields}
    assert {item.kind for item in each.core_fields} == {"field"}


@every
def test_an_address_is_normalized_once_and_for_all(each):
    text = [field.key for field in each.fields if field.validate == "url"]
    metadata = each.normalize(dict.fromkeys(text, "https://Account.example/"))

    assert each.normalize(metadata) == metadata
    assert each.account_key(metadata) == "account.example"
    assert each.api_base(metadata).startswith("https://account.example")
    assert not each.api_base(metadata).endswith("/")


@every
def test_secrets_stand_in_headers_only(each):
    secrets = {field.key: "0123456789" for field in each.fields if field.secret}

    assert "0123456789" in str(each.headers(secrets))


@every
def test_every_action_asks_for_its_own_path_and_target(each):
    for action in each.actions:
        call, sent = answering(500, b"")
        with pytest.raises(RemoteFault):
            each.run(job(action), call, KnownContact("482", "", {"64": "34"}))

        (request,) = sent
        assert request.path.startswith("/")
        assert "@" not in request.path


def _about_a_contact(each, call):
    """What the destination offers for one contact, if it does."""
    if each.contacts is None:
        return []
    return [
        lambda: each.contacts.look(call, "ada@example.com"),
        lambda: each.contacts.take_tag(call, "34"),
        lambda: each.contacts.unsubscribe(call, "482", "3"),
        lambda: each.contacts.delete(call, "482"),
    ]


@every
@pytest.mark.parametrize(("status", "body", "family"), FAILURES)
def test_every_family_of_errors_can_be_reached_by_every_call(each, status, body, family):
    call, _ = answering(status, body)
    tries = [
        *(lambda a=action: each.run(job(a), call, KnownContact()) for action in each.actions),
        lambda: each.probe(call),
        lambda: each.check(call),
        lambda: list(each.read_catalog(call)),
        *_about_a_contact(each, call),
    ]

    for attempt in tries:
        with pytest.raises(family):
            attempt()


@every
def test_errors_speak_in_sentences_without_personal_data(each):
    for status in (200, 302, 400, 401, 402, 403, 404, 418, 422, 429, 500, 503):
        for action in each.actions:
            call, _ = answering(status, b'{"message": "no ada@example.com"}')
            with pytest.raises(DestinationError) as caught:
                each.run(job(action), call, KnownContact())

            assert str(caught.value).endswith(".")
            assert "@" not in str(caught.value)
            assert caught.value.reason


@every
def test_what_a_sync_writes_has_a_stable_digest(each):
    plain, named = Job("x", "ada@example.com"), Job("x", "a@b.co", values={"firstName": "Ada"})

    assert each.fields_hash(plain) == each.fields_hash(plain)
    assert each.fields_hash(plain) != each.fields_hash(named)


@every
def test_a_stand_in_server_is_present(each):
    sandbox = importlib.import_module(f"connections.destinations.{each.kind}.sandbox")

    assert callable(sandbox.SandboxServer)
