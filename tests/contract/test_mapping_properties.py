"""Whatever mapping a client sends: it comes back as it was, or is refused and changes nothing."""

from __future__ import annotations

import string

import jsonschema  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from meshes.models import Organization
from rules.models import MappingVersion
from tests.builders import make_account, make_catalog, make_connection, make_workspace
from tests.contract.machine import make_machine
from tests.contract.mapping_shapes import MAPPING, PLAIN, SCHEMA, mapping_of
from tests.contract.shapes import fits, refusal

DESTS = ("email", "firstName", "lastName", "phone", "7")
LETTERS = string.ascii_letters + "_"
some = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def texts(longest):
    plain = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    return st.text(plain, min_size=1, max_size=min(longest, 30))


def scalars(longest):
    numbers = st.integers(-(10**12), 10**12) | st.floats(-1e6, 1e6, allow_nan=False, width=32)
    return texts(longest) | numbers | st.booleans() | st.none()


def made(required, **optional):
    return st.fixed_dictionaries(required, optional=optional)


def kind(word, required=None, **optional):
    return made({"type": st.just(word), **(required or {})}, **optional)


PATHS = st.builds(
    lambda first, rest: ".".join([first, *rest]),
    st.text(LETTERS, min_size=1, max_size=9),
    st.lists(st.text(LETTERS + string.digits, min_size=1, max_size=9), max_size=4),
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])
TRANSFORMS = st.one_of(
    *(kind(word) for word in PLAIN),
    kind("to_date", timezone=ZONES),
    kind("to_datetime", timezone=ZONES),
    kind("default", {"value": scalars(128)}),
    kind("substring", {"start": st.integers(0, 99)}, length=st.integers(1, 99)),
)
FIELDS = made(
    {
        "dest": st.sampled_from(DESTS),
        "source": kind("literal", {"value": scalars(256)}) | kind("path", {"value": PATHS}),
    },
    transforms=st.lists(TRANSFORMS, max_size=10),
    on_error=st.sampled_from(["skip_field", "warn_action", "fail_action"]),
    notes=texts(1024),
)
VALID = made(
    {
        "schema_version": st.just(1),
        "fields": st.lists(FIELDS, max_size=5, unique_by=lambda field: field["dest"]),
    },
    meta=made({}, name=texts(64), notes=texts(1024)),
)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 300), st.text(max_size=3), st.just([]), st.just({})
)
STEPS = st.lists(st.sampled_from(["right", "behind", "ahead", "any"]), max_size=6)


def places(value, at=()):
    """The way to every value inside, outermost first."""
    yield at
    pairs = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else pairs:
        yield from places(item, (*at, key))


def replaced(value, at, by):
    """A copy with the value at that place replaced."""
    if not at:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], by)
    return copy


class MappingsOfClients(TestCase):
    """Each example starts from an organization of its own."""

    def setup_example(self):
        super().setup_example()
        organization = Organization.objects.create(name="Tests")
        account = make_account()
        make_catalog(account)
        workspace = make_workspace(organization=organization)
        self.connection = make_connection(workspace=workspace, account=account)
        self.machine = make_machine(organization)
        self.path = f"/connections/{self.connection.pk}/mappings/default"

    def put(self, schema, **body):
        return self.machine.call("PUT", self.path, {"schema": schema, **body})

    def shown(self):
        return fits(self.machine.ask("GET", self.path), MAPPING)

    @some
    @given(VALID)
    def test_a_valid_mapping_comes_back_as_it_was_sent(self, schema):
        jsonschema.validate(schema, SCHEMA)

        answer = self.put(schema, expected_version=1)

        assert answer.status_code == 200, answer.content
        assert answer.json() == self.shown()
        assert self.shown()["mapping"]["schema"] == schema
        assert self.shown()["mapping"]["version"] == 2

    @some
    @given(VALID, st.randoms(use_true_random=False), ODD)
    def test_a_spoiled_mapping_is_refused_unless_the_contract_allows_it(self, schema, dice, odd):
        at = dice.choice(list(places(schema)))
        spoiled = replaced(schema, at, odd)
        allowed = jsonschema.Draft202012Validator(SCHEMA).is_valid(spoiled)
        before = self.shown()

        answer = self.put(spoiled)

        if not allowed:
            refusal(answer, 422, "UnprocessableEntity")
        if answer.status_code != 200:
            refusal(answer, 422, "UnprocessableEntity")
            assert self.shown() == before
            assert not MappingVersion.objects.exists()

    @some
    @given(STEPS)
    def test_only_who_knows_the_newest_version_changes_it(self, steps):
        version = 1
        for number, step in enumerate(steps):
            schema = mapping_of(meta={"notes": f"step {number}"})
            expected = {"right": version, "behind": version - 1 or 99, "ahead": version + 1}
            body = {"expected_version": expected[step]} if step in expected else {}
            before = self.shown()

            answer = self.put(schema, **body)

            if step in ("right", "any"):
                version += 1
                assert answer.json()["mapping"]["schema"] == schema
            else:
                refusal(answer, 409, "Conflict")
                assert self.shown() == before
            assert self.shown()["mapping"]["version"] == version
