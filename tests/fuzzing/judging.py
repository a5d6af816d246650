"""Sends a request through the whole application in this process, and judges what came of it."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import close_old_connections, connection

from deliveries.models import Delivery, Event
from tests.contract.shapes import COUNT, ERROR, ID, TIME, WORD, strict
from tests.deliveries.senders import BULK
from tests.fuzzing.inputs import CANARY, Sent
from tests.fuzzing.spelling import ODD_TOKENS

NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    405: "MethodNotAllowed",
    409: "Conflict",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
}
RECORD = strict(
    {"id": ID, "type": {"const": "event"}, "event": WORD, "workspace": ID}
    | {"resource": WORD, "created_by": WORD, "created_at": TIME},
    optional={"resource_id": WORD},
)
ONE = jsonschema.Draft202012Validator(strict({"event": RECORD}))
MANY = jsonschema.Draft202012Validator(
    strict(
        {"count": COUNT, "records": {"type": "array", "items": {"anyOf": [RECORD, ERROR]}}},
        optional={"error_count": COUNT},
    )
)
REFUSED = jsonschema.Draft202012Validator(ERROR)
NEWEST = """
SELECT (SELECT max(id) FROM deliveries_event), (SELECT max(id) FROM deliveries_delivery),
(SELECT max(id) FROM deliveries_idempotencykey)
"""
SLOW_S, SLOW_PER_BYTE_S = 0.25, 2e-6
AGAIN = 4


class Application(WSGIHandler):
    """The whole application, answering with Django's response.

    Why: where error reporting was switched on once in this process, its wrapper
    stays around the handler and answers with an object of its own.
    """

    def __call__(self, environ: dict[str, Any], _start: Any) -> Any:
        request_started.send(sender=type(self), environ=environ)
        return self.get_response(self.request_class(environ))


@dataclass
class World:
    """Who sends, and what was there before the next request."""

    key: str
    token: Any
    application: WSGIHandler = field(default_factory=Application)
    statuses: dict[int, int] = field(default_factory=dict)
    slowest_s: float = 0.0

    def __post_init__(self) -> None:
        self.last = self._last()

    def judge(self, sent: Sent) -> None:
        """Send it, and raise AssertionError when anything is not as promised."""
        answer, spent_s = self._timed(sent)
        status = answer.status_code
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.slowest_s = max(self.slowest_s, spent_s)
        assert status in NAMES or status in (201, 207), f"The answer has the status {status}."
        assert answer.headers["Content-Type"] == "application/json", answer.headers
        body = json.loads(answer.content)
        if status in NAMES:
            _judge_refusal(sent, status, body, answer.content)
        self._judge_rows(
            sent, _records(sent, status, body), replayed="Idempotency-Replayed" in answer
        )

    @property
    def judged(self) -> int:
        """How many requests were judged so far."""
        return sum(self.statuses.values())

    def _timed(self, sent: Sent) -> tuple[Any, float]:
        """The answer, and the seconds of this thread's CPU that it took.

        Why: an interrupted measurement is repeated with requests that refuse
        to be stored twice, as other programs of the machine cost CPU caches.
        """
        allowed_s = SLOW_S + SLOW_PER_BYTE_S * len(sent.body)
        answer, spent_s = self.send(sent)
        for _ in range(AGAIN):
            if spent_s <= allowed_s:
                return answer, spent_s
            self.last = self._last()
            answer, again_s = self.send(sent)
            spent_s = min(spent_s, again_s)
        raise AssertionError(f"{spent_s:.2f} s of CPU for {len(sent.body)} bytes.")

    def send(self, sent: Sent) -> tuple[Any, float]:
        """The answer, and the seconds of this thread's CPU that it took."""
        environ = self.environ(sent)
        # As Django's own test client does: the connection is ours, also inside a transaction.
        request_started.disconnect(close_old_connections)
        began = time.thread_time()
        try:
            answer = self.application(environ, lambda *_: None)
        finally:
            spent_s = time.thread_time() - began
            request_started.connect(close_old_connections)
        return answer, spent_s

    def environ(self, sent: Sent) -> dict[str, Any]:
        """The request as a WSGI server hands it over."""
        credential = {
            "publishable": {"HTTP_X_MESHES_PUBLISHABLE_KEY": self.key},
            "machine": {"HTTP_AUTHORIZATION": f"Bearer {self.token()}"},
            "odd": {"HTTP_AUTHORIZATION": f"Bearer {ODD_TOKENS[len(sent.body) % len(ODD_TOKENS)]}"},
            "none": {},
        }[sent.credential]
        return {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": sent.path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(sent.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(sent.body)),
            **credential,
            **sent.environ,
        }

    def _last(self) -> tuple[int, int, int]:
        with connection.cursor() as cursor:
            cursor.execute(NEWEST)
            return tuple(number or 0 for number in cursor.fetchone())  # type: ignore[return-value]

    def _judge_rows(self, sent: Sent, records: list[Any], *, replayed: bool) -> None:
        """Exactly the rows that the answer promises, and none after a refusal."""
        before, self.last = self.last, self._last()
        promised = [] if replayed else [record["id"] for record in records if "id" in record]
        asked = bool(sent.environ.get("HTTP_IDEMPOTENCY_KEY"))
        assert (self.last[2] > before[2]) == (asked and bool(records) and not replayed)
        if not promised:
            assert self.last[:2] == before[:2]
            return
        events = Event.objects.filter(pk__gt=before[0]).order_by("pk")
        rows = list(events.values_list("pk", "uuid", "total_rules"))
        deliveries = list(
            Delivery.objects.filter(pk__gt=before[1]).values_list("event_id", flat=True)
        )
        assert [str(uuid) for _, uuid, _ in rows] == promised
        assert Counter(deliveries) == Counter({pk: total for pk, _, total in rows if total})


def _judge_refusal(sent: Sent, status: int, body: Any, content: bytes) -> None:
    REFUSED.validate(body)
    assert body["error"]["name"] == NAMES[status], f"This name does not belong to {status}."
    if sent.whole:
        assert CANARY.encode() not in content, "The refusal repeats a value."


def _records(sent: Sent, status: int, body: Any) -> list[Any]:
    """The records of the answer, after making sure that it has the contract's shape."""
    if status in NAMES:
        return []
    if sent.path != BULK:
        assert status == 201
        ONE.validate(body)
        return [body["event"]]
    MANY.validate(body)
    errors = sum("error" in record for record in body["records"])
    assert (status == 207) == bool(errors)
    assert (len(body["records"]), errors) == (body["count"], body.get("error_count", 0))
    return list(body["records"])
