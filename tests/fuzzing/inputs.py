"""Requests that somebody could send to the ingest addresses.

Hypothesis makes nearly right ones and shrinks what fails; from each, dice make several that
are broken at random, as drawing costs more than judging.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.deliveries.senders import BULK, EVENTS
from tests.fuzzing.spelling import (
    FREE_KEYS,
    HEADERS,
    KEYS,
    NUMBERS,
    SPLICES,
    SWELLING,
    TEXTS,
    TOKENS,
)

CANARY = "canary-7f3e"
"""Stands in payload values only; no refusal may repeat it."""

SIZES = (65, 1000, 20_000, 262_000, 263_000)


@dataclass(frozen=True)
class Sent:
    """A request; `whole` says that values are still values, as nothing was broken."""

    path: str
    body: bytes
    credential: str = "publishable"
    environ: dict[str, str] = field(default_factory=dict)
    whole: bool = True


texts = st.sampled_from(TEXTS)
scalars = (
    st.sampled_from([None, True, False, *NUMBERS, *TEXTS]) | st.integers() | st.text(max_size=9)
)
canaries = st.sampled_from([CANARY, f"{CANARY}@x.io", f"{CANARY} @@ {CANARY}"])
values = (
    scalars
    | canaries
    | st.lists(scalars, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS), scalars, max_size=3)
)
payloads = st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=4)
free = st.dictionaries(st.sampled_from(FREE_KEYS), values | canaries, max_size=4)
good = st.fixed_dictionaries(
    {
        "event": st.just("page.completed"),
        "payload": free.map(lambda payload: {"email": "a@b.co", **payload}),
    },
    optional={"resource_id": st.just("workspace-setup"), "resource": st.just("global")},
)
checked = st.fixed_dictionaries({"event": texts, "payload": payloads})
odd = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("event", "payload", "resource", "resource_id", "type", "workspace"), scalars
    ),
)
singles = st.one_of(good, good, good, checked, odd, values)
bulks = st.one_of(
    st.lists(good, min_size=1, max_size=4),
    st.lists(good | checked | odd, max_size=5),
    values,
    st.integers(99, 101).map(lambda n: [{"event": "e", "payload": {"n": n}}] * n),
)
requests = st.one_of(
    singles.map(lambda value: Sent(EVENTS, _json(value))),
    singles.map(lambda value: Sent(EVENTS, _json(value))),
    bulks.map(lambda value: Sent(BULK, _json(value))),
)


def variants(sent: Sent, dice: Random, number: int) -> Iterator[Sent]:
    """The request itself, then as many that differ from it."""
    yield sent
    for _ in range(number):
        changes = dice.choices(
            list(CHANGES), weights=list(CHANGES.values()), k=dice.choice([1, 1, 2])
        )
        changed = sent
        for change in changes:
            changed = change(changed, dice)
        yield changed


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _broken(sent: Sent, dice: Random) -> Sent:
    body = sent.body
    for _ in range(dice.choice([1, 1, 2, 3])):
        at = dice.randrange(len(body) + 1)
        drop = dice.choice([0, 0, 1, 2, 20])
        body = body[:at] + dice.choice(SPLICES) + body[at + drop :]
    return replace(sent, body=body, whole=False)


def _impossible(sent: Sent, dice: Random) -> Sent:
    """With a value that is none, or hardly one, in the place of a member or an item."""
    places = [at for at, byte in enumerate(sent.body) if byte in b":[,"]
    if not places:
        return replace(sent, body=dice.choice(TOKENS), whole=False)
    at = dice.choice(places) + 1
    ends = [end for mark in (b",", b"}", b"]") if (end := sent.body.find(mark, at)) >= 0]
    body = sent.body[:at] + dice.choice(TOKENS) + sent.body[min(ends, default=len(sent.body)) :]
    return replace(sent, body=body, whole=False)


def _doubled(sent: Sent, dice: Random) -> Sent:
    at = sent.body.find(b"{") + 1
    key = json.dumps(dice.choice([*KEYS, "event", "payload"])).encode()
    return replace(sent, body=sent.body[:at] + key + b":1," + key + b":2," + sent.body[at:])


def _written_otherwise(sent: Sent, dice: Random) -> Sent:
    text = sent.body.decode("utf-8", "replace")
    encoding = dice.choice(["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7"])
    return replace(sent, body=text.encode(encoding, "replace"), whole=False)


def _plainly(sent: Sent, _dice: Random) -> Sent:
    """With every character as itself where it was escaped, lone halves of pairs too."""
    try:
        value = json.loads(sent.body)
    except ValueError:
        return sent
    return replace(
        sent, body=json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )


def _announced(sent: Sent, dice: Random) -> Sent:
    name = dice.choice(list(HEADERS))
    environ = {**sent.environ, name: dice.choice(HEADERS[name])}
    packed = environ[name] == "gzip"
    body = gzip.compress(sent.body, mtime=0) if packed else sent.body
    return replace(sent, body=body, environ=environ, whole=sent.whole and not packed)


def _kept(sent: Sent, dice: Random) -> Sent:
    key = f"key-{dice.randrange(5000)}"
    return replace(sent, environ={**sent.environ, "HTTP_IDEMPOTENCY_KEY": key})


def _signed(sent: Sent, dice: Random) -> Sent:
    return replace(sent, credential=dice.choice(["machine", "odd", "none"]))


def _swollen(sent: Sent, dice: Random) -> Sent:
    """Around the limit of one event, of the parts that parsers stumble over."""
    part, size = dice.choice(SWELLING), dice.choice(SIZES)
    at = dice.randrange(len(sent.body) + 1)
    return replace(
        sent, body=sent.body[:at] + part * (size // len(part)) + sent.body[at:], whole=False
    )


CHANGES: dict[Callable[[Sent, Random], Sent], float] = {
    _broken: 5,
    _impossible: 4,
    _announced: 4,
    _kept: 3,
    _signed: 1,
    _doubled: 1,
    _written_otherwise: 1,
    _plainly: 2,
    _swollen: 0.2,
}
