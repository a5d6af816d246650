"""Which bearer tokens are good: every check of the contract, one reason at a time.

Source: Meshes API wire contract, section 2.2.
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta

import hypothesis
import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from meshes import machine_tokens as said
from meshes.api_errors import Forbidden, Unauthorized
from meshes.keys import revoke_machine_key
from meshes.machine_tokens import MachineHolder, machine_holder
from meshes.models import MachineKey, Organization
from tests.builders import make_organization, make_workspace
from tests.contract.machine import make_machine

UNKNOWN = "6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77"
SECOND = timedelta(seconds=1)


@pytest.fixture
def machine(db, clock):
    """A client whose clock stands still with ours."""
    return make_machine()


def refused(token, *, at=None):
    """Why the token is refused."""
    with pytest.raises(Unauthorized) as error:
        machine_holder(token, now=at or timezone.now())
    return error.value.message


def test_a_good_token_leads_to_the_keys_holder(machine):
    now = timezone.now()

    with CaptureQueriesContext(connection) as statements:
        holder = machine_holder(machine.token(), now=now)

    assert holder == MachineHolder(
        organization_id=machine.key.organization_id,
        key_id=machine.key.pk,
        key_name="Tests",
        read_only=False,
        workspace_ids=None,
    )
    assert holder.created_by == "machine key: Tests"
    assert len(statements) == 2


def test_a_limited_key_names_its_workspaces_deleted_ones_included(machine):
    workspaces = [make_workspace(organization=machine.key.organization) for _ in range(2)]
    machine.key.workspaces.set(workspaces)
    workspaces[0].deleted_at = timezone.now()
    workspaces[0].save()

    holder = machine_holder(machine.token(), now=timezone.now())

    assert holder.workspace_ids == frozenset(one.pk for one in workspaces)


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "a" * 5000, "..", "\x00"]
)
def test_what_is_no_token_is_refused(db, token):
    assert refused(token) == said.NOT_A_TOKEN


@pytest.mark.parametrize("algorithm", ["none", "HS512", "hs256", "RS256", None, 5])
def test_only_the_one_algorithm_is_taken(machine, algorithm):
    parts = machine.token().split(".")
    header = json.dumps({"alg": algorithm, "typ": "JWT", "kid": machine.key.access_key})
    parts[0] = base64.urlsafe_b64encode(header.encode()).rstrip(b"=").decode()

    assert refused(".".join(parts)) in (said.NOT_A_TOKEN, said.NOT_OURS)


def test_a_token_signed_with_another_strong_algorithm_is_refused(machine):
    headers = {"kid": machine.key.access_key}
    token = jwt.encode(machine.claims(), machine.secret, "HS512", headers=headers)

    assert refused(token) == said.NOT_A_TOKEN


@pytest.mark.parametrize("kid", ["mk_unknown", "", "\x00", "é", "k" * 65])
def test_a_key_that_nobody_has_is_refused(machine, kid):
    assert refused(machine.token(header={"kid": kid})) == said.NOT_OURS


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_header_that_nests_deep_is_no_token(machine):
    _, claims, signature = machine.token().split(".")
    deep = b'{"alg":"HS256","kid":"k","x":' + b"[" * 2800 + b"}"

    assert refused(f"{encoded(deep)}.{claims}.{signature}") == said.NOT_A_TOKEN


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
headers = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("alg", "kid", "typ", "crit", "b64", "jku", "jwk"), json_values)
)
claims = st.dictionaries(
    st.sampled_from(["iss", "aud", "org", "iat", "exp", "nbf", "sub", "jti"]), json_values
)


@hypothesis.settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(header=headers, claims=claims | json_values, known=st.booleans())
def test_whatever_a_token_says_it_is_refused_in_words(machine, header, claims, known):
    right = {"alg": "HS256", "kid": machine.key.access_key} if known else {}
    head = json.dumps({**right, **header, **right}).encode()
    text = f"{encoded(head)}.{encoded(json.dumps(claims).encode())}"
    signature = hmac.digest(machine.secret.encode(), text.encode(), "sha256")

    assert refused(f"{text}.{encoded(signature)}")


def test_a_token_without_a_key_id_is_refused(machine):
    token = jwt.encode(machine.claims(), machine.secret, "HS256")

    assert refused(token) == said.NOT_OURS


def test_another_secret_is_refused(machine):
    other = make_machine(machine.key.organization)
    headers = {"kid": machine.key.access_key}

    assert refused(jwt.encode(machine.claims(), other.secret, "HS256", headers=headers)) == (
        said.NOT_OURS
    )


def test_changed_claims_are_refused(machine):
    head, _, signature = machine.token().split(".")
    claims = json.dumps(machine.claims(exp=2**31)).encode()
    changed = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()

    assert refused(f"{head}.{changed}.{signature}") == said.NOT_OURS


@pytest.mark.parametrize("issuer", [None, "", "urn:meshes:m2m:mk_other", "meshes", 5, ["x"]])
def test_the_issuer_must_name_the_same_key(machine, issuer):
    assert refused(machine.token(iss=issuer)) in (said.WRONG_ISSUER, said.NOT_A_TOKEN)


@pytest.mark.parametrize("audience", [None, "", "other", ["meshes-api"], 5])
def test_the_audience_must_be_this_api_as_a_string(machine, audience):
    assert refused(machine.token(aud=audience)) in (said.WRONG_AUDIENCE, said.NOT_A_TOKEN)


@pytest.mark.parametrize("name", ["iat", "exp"])
@pytest.mark.parametrize("value", [None, True, "1772452800", [1], 1e300, 10**400])
def test_times_must_be_numbers(machine, name, value):
    assert refused(machine.token(**{name: value})) == said.NO_TIMES


def test_a_token_is_good_until_the_second_of_its_end(machine):
    token, now = machine.token(), timezone.now()

    assert machine_holder(token, now=now + 29.999 * SECOND)
    assert refused(token, at=now + 30 * SECOND) == said.EXPIRED


def test_a_clock_may_be_five_seconds_ahead_and_no_more(machine):
    token, now = machine.token(), timezone.now()

    assert machine_holder(token, now=now - 5 * SECOND)
    assert refused(token, at=now - 5.001 * SECOND) == said.FROM_THE_FUTURE


def test_a_token_lives_sixty_seconds_at_most(machine):
    now = int(timezone.now().timestamp())

    assert machine_holder(machine.token(exp=now + 60), now=timezone.now())
    assert refused(machine.token(exp=now + 60.5)) == said.TOO_LONG_LIVED
    assert refused(machine.token(exp=now + 3600)) == said.TOO_LONG_LIVED


def test_a_token_cannot_end_before_it_begins(machine):
    now = int(timezone.now().timestamp())

    assert refused(machine.token(iat=now + 3, exp=now + 2)) == said.TOO_LONG_LIVED


@pytest.mark.parametrize("org", [None, "", "x", UNKNOWN, 5, "{}"], ids=str)
def test_an_organization_that_nobody_knows_is_refused(machine, org):
    assert refused(machine.token(org=org)) == said.NO_SUCH_ORGANIZATION


def test_the_organization_of_somebody_else_is_forbidden(machine):
    other = make_organization()

    with pytest.raises(Forbidden):
        machine_holder(machine.token(org=str(other.pk)), now=timezone.now())


def test_the_organization_may_be_spelled_in_capitals(machine):
    token = machine.token(org=machine.organization_id.upper())

    assert machine_holder(token, now=timezone.now()).key_id == machine.key.pk


@pytest.mark.parametrize("closed", ["revoked", "expired", "deleted", "no organization"])
def test_a_key_that_is_over_opens_nothing_from_then_on(machine, closed):
    now, key = timezone.now(), MachineKey.objects.filter(pk=machine.key.pk)
    assert machine_holder(machine.token(), now=now)

    if closed == "revoked":
        revoke_machine_key(machine.key, by="tests", now=now)
    elif closed == "no organization":
        Organization.objects.filter(pk=machine.organization_id).update(deleted_at=now)
    else:
        key.update(**{"expired": {"expires_at": now}, "deleted": {"deleted_at": now}}[closed])

    assert refused(machine.token()) == said.NOT_OURS


def test_the_last_use_is_noted_once_a_minute(machine, clock):
    def used():
        machine_holder(machine.token(), now=timezone.now())
        return MachineKey.objects.get(pk=machine.key.pk).last_used_at

    first = used()
    clock.shift(59)
    assert used() == first == timezone.now() - 59 * SECOND
    clock.shift(1)
    assert used() == timezone.now()


def test_a_refused_token_is_no_use(machine):
    refused(machine.token(exp=1))

    assert MachineKey.objects.get(pk=machine.key.pk).last_used_at is None


def test_no_history_is_written_of_a_use(machine):
    before = MachineKey.history.count()

    machine_holder(machine.token(), now=timezone.now())

    assert MachineKey.history.count() == before
