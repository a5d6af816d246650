"""Sessions and sign-in serve pages; a request that only a key opens never meets them."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from simple_history.models import HistoricalRecords

from meshes.page_middleware import (
    PageAuthenticationMiddleware,
    PageHistoryMiddleware,
    PageMessageMiddleware,
    PageSessionMiddleware,
)
from tests.deliveries.senders import EVENT, EVENTS, stored

CLASSES = [
    PageSessionMiddleware,
    PageAuthenticationMiddleware,
    PageMessageMiddleware,
    PageHistoryMiddleware,
]


def seen_at(path: str) -> dict[str, object]:
    """What a view at this path finds on its request."""
    found: dict[str, object] = {}

    def view(request):
        found.update(vars(request))
        if getattr(HistoricalRecords.context, "request", None) is request:
            found["audited"] = True
        return HttpResponse()

    handler = view
    for middleware in reversed(CLASSES):
        handler = middleware(handler)
    handler(RequestFactory().get(path))
    return found


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1//events/bulk", "/api/v1/rules"])
def test_a_request_that_keys_open_has_no_session_and_nobody_signed_in(path):
    assert not {"session", "user", "_messages", "audited"} & set(seen_at(path))


@pytest.mark.parametrize("path", ["/admin/", "/api/docs/", "/api/v1", "/"])
def test_a_page_has_them(path):
    assert {"session", "user", "_messages", "audited"} <= set(seen_at(path))


@pytest.mark.django_db
def test_a_signed_in_browser_posts_an_event_without_its_session(api, admin_client):
    before = admin_client.session["_auth_user_id"]
    answer = admin_client.post(
        EVENTS,
        EVENT,
        content_type="application/json",
        headers={"X-Meshes-Publishable-Key": api.key},
    )

    assert answer.status_code == 201
    assert stored()[0] == 1
    assert admin_client.session["_auth_user_id"] == before
    assert not answer.cookies
