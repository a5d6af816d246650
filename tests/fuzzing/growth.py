"""Whether a body of twice the size takes about twice the time, for what parsers stumble over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.deliveries.senders import BULK, EVENTS
from tests.fuzzing.inputs import Sent
from tests.fuzzing.judging import World

REPEATS = 5
FLOOR_S = 0.004
MOST = 2.5
SIZES = (32_768, 65_536, 131_072, 262_144)

Family = Callable[[int], bytes]


def _event(value: bytes) -> bytes:
    return b'{"event": "e", "payload": {"x": ' + value + b"}}"


def _filled(part: bytes, size: int) -> bytes:
    return part * (max(0, size - 64) // len(part))


def _members(size: int) -> bytes:
    return b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range((size - 64) // 16)) + b"}"


def _doubled(size: int) -> bytes:
    return b"{" + b",".join([b'"key":1'] * ((size - 64) // 8)) + b"}"


FAMILIES: dict[str, Family] = {
    "one long text": lambda size: _event(b'"' + _filled(b"x", size) + b'"'),
    "escapes": lambda size: _event(b'"' + _filled(b"\\u0041", size) + b'"'),
    "escaped surrogates": lambda size: _event(b'"' + _filled(b"\\ud800", size) + b'"'),
    "backslashes": lambda size: _event(b'"' + _filled(b"\\\\", size) + b'"'),
    "quotes that open only": lambda size: _filled(b'"\\', size),
    "brackets that open only": lambda size: _filled(b"[", size),
    "brackets and quotes": lambda size: _filled(b'["', size),
    "brackets inside a text": lambda size: _event(b'"' + _filled(b"[{", size) + b'"'),
    "many texts": lambda size: _event(b"[" + _filled(b'"a",', size) + b"1]"),
    "many objects": lambda size: _event(b"[" + _filled(b'{"a":1},', size) + b"1]"),
    "many keys": lambda size: _event(_members(size)),
    "one key again and again": lambda size: _event(_doubled(size)),
    "one integer": lambda size: _event(_filled(b"9", size)),
    "one fraction": lambda size: _event(b"0." + _filled(b"9", size)),
    "one exponent": lambda size: _event(b"1e" + _filled(b"9", size)),
    "many integers": lambda size: _event(b"[" + _filled(b"9" * 99 + b",", size) + b"1]"),
    "many exponents": lambda size: _event(b"[" + _filled(b"1e308,", size) + b"1]"),
    "impossible numbers": lambda size: _event(b"[" + _filled(b"1e999,", size) + b"1]"),
    "white space": lambda size: _filled(b" ", size) + _event(b"1"),
    "an email of dots": lambda size: _email(b"a@" + _filled(b"b.", size)),
    "an email of ats": lambda size: _email(_filled(b"a@", size)),
    "an international email": lambda size: _email(b"a@" + _filled("ü".encode(), size)),
    "a quoted email": lambda size: _email(b'\\"' + _filled(b"\\\\ ", size) + b'\\"@x.io'),
    "a page of digits": lambda size: _named(b"sequence_step", b'"' + _filled(b"0", size) + b'"'),
    "a moment of digits": lambda size: _named(b"completed_at", b'"' + _filled(b"1", size) + b'"'),
    "an event name": lambda size: b'{"event": "' + _filled(b" ", size) + b'", "payload": {"x": 1}}',
    "a resource id": lambda size: (
        b'{"event": "e", "resource_id": "' + _filled(b"a-", size) + b'!", "payload": {"x": 1}}'
    ),
    "bytes that are no text": lambda size: _filled(b"\xc3\xa9\xff", size),
    "many items": lambda size: b"[" + b",".join([b'{"event":""}'] * (size // 13)) + b"]",
}


def _email(value: bytes) -> bytes:
    return _named(b"email", b'"' + value + b'"')


def _named(name: bytes, value: bytes) -> bytes:
    return b'{"event": "e", "payload": {"' + name + b'": ' + value + b"}}"


@dataclass(frozen=True)
class Growth:
    """The CPU of one family at each of its sizes.

    Units: seconds of CPU, the least of several.
    """

    name: str
    seconds: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The largest ratio from one size to its double, among those long enough to be measured."""
        pairs = zip(self.seconds, self.seconds[1:], strict=False)
        return max((after / before for before, after in pairs if before >= FLOOR_S), default=0.0)


def measured(world: World, name: str) -> Growth:
    """How long the family takes as it grows, through the whole application."""
    path = BULK if name == "many items" else EVENTS
    sents = [Sent(path, FAMILIES[name](size)) for size in SIZES]
    return Growth(name, tuple(least(lambda sent=sent: world.send(sent)) for sent in sents))


def least(act: Callable[[], object], repeats: int = REPEATS) -> float:
    """The least seconds of CPU that the act took."""
    times = []
    for _ in range(repeats):
        began = time.thread_time()
        act()
        times.append(time.thread_time() - began)
    return min(times)
