"""The staff's history pages as tests open them, and a delivery worth looking at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deliveries.models import Delivery
from tests.builders import (
    make_attempt,
    make_connection,
    make_delivery,
    make_event,
    make_rule,
)

SPRING = datetime(2026, 3, 21, 15, 6, 7, tzinfo=UTC)
SECRET = "only-in-the-payload"
CRM = {
    "page_id": "crm",
    "page_title": "Connect your CRM",
    "sequence_step": "3",
    "user_id": "u_1001",
    "completed_at": SPRING,
    "payload": {"email": "alex@example.com", "note": SECRET},
}
SENTENCE = "Connect your CRM (step 3), completed 21 Mar 2026 15:06 UTC"
EXCHANGE = {
    "method": "POST",
    "path": "/contactTags",
    "request_body": '{"contactTag": {"contact": "77", "tag": "12"}}',
    "status": 404,
    "response_headers": {"x-request-id": "7c0e41d5b2"},
    "response_body": '{"message": "No Result found for Tag with id 12"}',
    "started_at": SPRING.timestamp(),
    "elapsed_ms": 412,
    "error": "",
}


def page(row: Any) -> str:
    """The address of the row's page."""
    return reverse(f"admin:deliveries_{row._meta.model_name}_change", args=[row.pk])


def listed(model: type[Any], **query: str) -> str:
    """The address of the list, narrowed by a query."""
    address = reverse(f"admin:deliveries_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(query)}"


def text_of(client: Client, address: str) -> str:
    """The HTML of the page."""
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def found(client: Client, model: type[Any], **query: str) -> list[int]:
    """The rows that the list shows, in its order."""
    answer = client.get(listed(model, **query))
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def queries_of(client: Client, address: str) -> int:
    """How many queries the page asks once the process has warmed up."""
    text_of(client, address)
    with CaptureQueriesContext(connection) as queries:
        text_of(client, address)
    return len(queries)


def viewer(*permissions: str) -> Client:
    """A browser of somebody who may only do this."""
    person = User.objects.create_user("viewer", password="x", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client


def failed_delivery() -> Delivery:
    """One that failed at its second attempt because the tag is gone."""
    rule = make_rule(connection=make_connection(name="Acme AC"), name="CRM connected")
    delivery = make_delivery(
        make_event(workspace=rule.workspace, **CRM),
        rule,
        status="failed",
        reason="tag_not_found",
        last_outcome="rejected_client_error",
        completed_at=timezone.now() + timedelta(seconds=3),
    )
    make_attempt(delivery, outcome="timeout", reason="timeout", exchanges=[])
    make_attempt(
        delivery,
        trigger="retry",
        outcome="rejected_client_error",
        reason="tag_not_found",
        message="The tag is gone.",
        exchanges=[EXCHANGE],
    )
    return delivery
