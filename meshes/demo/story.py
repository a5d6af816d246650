"""Posts the guide's event through the real endpoint and tells what happens to it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator

from connections.destinations.activecampaign.sandbox import SandboxServer
from deliveries.models import Attempt, Delivery, Event, Status
from meshes.demo.processes import Children
from meshes.demo.scene import EMAIL, EVENT, TAG, Scene

DELIVERED_WITHIN_S = 60.0

Say = Callable[[str], object]


class StoryBroke(Exception):
    """The tag did not arrive; the message says why."""


def tell(scene: Scene, sandbox: SandboxServer, children: Children, *, port: int, say: Say) -> None:
    """Post the event, print each thing as it happens, and check the contact.

    Raises: StoryBroke when the contact does not hold the tag in the end.
    """
    event = _post(scene, port=port, say=say)
    delivery = _matched(event, scene, say=say)
    _follow(delivery, children, say=say)
    tags = sandbox.state.tags_of(EMAIL)
    if TAG not in tags:
        raise StoryBroke(f"{EMAIL} does not hold {TAG} in the sandbox; it holds {tags}.")
    say(f"  {EMAIL} now holds {TAG}")


def _post(scene: Scene, *, port: int, say: Say) -> Event:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "Content-Type": "application/json",
        "X-Meshes-Publishable-Key": scene.key.key,
        "Idempotency-Key": "demo-1",
    }
    started = time.monotonic()
    line.request("POST", "/api/v1/events", json.dumps(EVENT), headers)
    answer = line.getresponse()
    body = json.loads(answer.read())
    line.close()
    took_ms = (time.monotonic() - started) * 1000
    if answer.status != http.HTTPStatus.CREATED:
        raise StoryBroke(f"The endpoint answered {answer.status}: {body.get('message')}")
    say(f"  Event accepted   page.completed from {EMAIL}, 201 in {took_ms:.0f} ms")
    return Event.objects.get(uuid=body["event"]["id"])


def _matched(event: Event, scene: Scene, *, say: Say) -> Delivery:
    delivery = Delivery.objects.filter(event=event, rule=scene.rule).first()
    if delivery is None:
        raise StoryBroke("The event matched no rule.")
    say(f"  Rule matched     {scene.rule.name}: add tag {TAG} in {scene.connection.name}")
    return delivery


def _follow(delivery: Delivery, children: Children, *, say: Say) -> None:
    until = time.monotonic() + DELIVERED_WITHIN_S
    told = 0
    while time.monotonic() < until:
        children.check()
        delivery.refresh_from_db()
        ended = list(delivery.attempts.exclude(outcome="").order_by("number"))
        for attempt in ended[told:]:
            for text in _lines(attempt):
                say(text)
        told = len(ended)
        if delivery.status in (Status.COMPLETED, Status.FAILED, Status.CANCELED):
            return _end(delivery, say=say)
        time.sleep(0.05)
    raise StoryBroke(f"Nothing was delivered within {DELIVERED_WITHIN_S:.0f} seconds.")


def _lines(attempt: Attempt) -> Iterator[str]:
    yield f"  Attempt {attempt.number}        {attempt.outcome}: {attempt.message}"
    for exchange in attempt.exchanges:
        yield (
            f"                   {exchange['method']} {exchange['path']} → "
            f"{exchange['status'] or exchange['error']} in {exchange['elapsed_ms']} ms"
        )


def _end(delivery: Delivery, *, say: Say) -> None:
    if delivery.status != Status.COMPLETED or delivery.completed_at is None:
        raise StoryBroke(f"The delivery {delivery.status}: {delivery.last_error}")
    took = (delivery.completed_at - delivery.created_at).total_seconds()
    say(f"  Delivered        {took:.2f} s after the event was accepted")
