"""Every error under /api/ has the contract's body, whoever made it."""

from __future__ import annotations

import json
import logging

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
    UnreadablePostError,
)
from django.test import Client
from django.urls import include, path
from rest_framework import exceptions
from rest_framework.views import APIView

from meshes import api_errors
from meshes.api_errors import BadRequest, Fault, MethodNotAllowed, TooManyRequests

SECRET = "canary-alex@northstar.io"


def respond(status):
    """A plain view that answers HTML with this status and telling headers."""
    headers = {"Retry-After": "7", "Content-Disposition": "inline", "X-Kept": "yes"}
    return lambda request: HttpResponse(f"<p>{SECRET}</p>", status=status, headers=headers)


def fail(error):
    """A plain view that raises."""

    def view(request):
        raise error

    return view


def framework(error):
    """A view of the REST framework that raises."""

    class View(APIView):
        def get(self, request):
            raise error

    return View.as_view()


RAISED = {
    "ours": (TooManyRequests("Slow down.", headers={"Retry-After": "3"}), 429, "TooManyRequests"),
    "missing": (Http404(SECRET), 404, "NotFound"),
    "denied": (PermissionDenied(SECRET), 403, "Forbidden"),
    "too-big": (RequestDataTooBig(SECRET), 413, "PayloadTooLarge"),
    "cut-off": (UnreadablePostError(SECRET), 400, "BadRequest"),
    "parse": (exceptions.ParseError(), 400, "BadRequest"),
    "not-acceptable": (exceptions.NotAcceptable(), 406, "NotAcceptable"),
    "framework-denied": (exceptions.PermissionDenied(), 403, "Forbidden"),
    "framework-throttled": (exceptions.Throttled(wait=4.2), 429, "TooManyRequests"),
    "teapot": (
        type("Teapot", (exceptions.APIException,), {"status_code": 418})(),
        400,
        "BadRequest",
    ),
    "database": (OperationalError(SECRET), 503, "ServiceUnavailable"),
    "defect": (ZeroDivisionError(SECRET), 500, "InternalServerError"),
}
FRAMEWORK_ONLY = (
    "parse",
    "not-acceptable",
    "framework-denied",
    "framework-throttled",
    "teapot",
)
STATUSES = (400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 425, 429, 500, 503)

urlpatterns = [
    path("api/plain/<int:status>", lambda request, status: respond(status)(request)),
    *[path(f"api/raised/{name}", framework(error)) for name, (error, _, _) in RAISED.items()],
    *[path(f"api/bare/{name}", fail(error)) for name, (error, _, _) in RAISED.items()],
    path("api/allowed", lambda request: HttpResponseNotAllowed(["PUT", "POST"])),
    path("api/suspicious", fail(SuspiciousOperation(SECRET))),
    path("api/stream", lambda request: StreamingHttpResponse(iter([b"x"]), status=502)),
    path("api/json", lambda request: HttpResponse(b"{}", "application/problem+json", 400)),
    path("elsewhere", respond(404)),
    path("elsewhere/fails", fail(ZeroDivisionError(SECRET))),
    path("", include("meshes.urls")),
]


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def visitor():
    """A client that sees the answer to a failure instead of the failure."""
    return Client(raise_request_exception=False)


def body_of(answer):
    assert answer.headers["Content-Type"] == "application/json"
    assert SECRET not in answer.text
    body = json.loads(answer.content)
    assert set(body) == {"message", "error"}
    return body


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_html_becomes_the_contracts_body_and_telling_headers_stay(visitor, settings, status, debug):
    settings.DEBUG = debug

    answer = visitor.get(f"/api/plain/{status}")

    known = api_errors.KNOWN[status]
    body = body_of(answer)
    assert answer.status_code == status
    assert body["message"] == known.phrase
    assert body["error"]["name"] == known.name
    assert (answer.headers["Retry-After"], answer.headers["X-Kept"]) == ("7", "yes")
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize("kind", ["raised", "bare"])
@pytest.mark.parametrize("name", RAISED)
def test_whatever_a_view_raises_becomes_the_contracts_body(visitor, name, kind):
    if kind == "bare" and name in FRAMEWORK_ONLY:
        name = "missing"
    _, status, wire_name = RAISED[name]

    answer = visitor.get(f"/api/{kind}/{name}")

    assert answer.status_code == status
    assert body_of(answer)["error"]["name"] == wire_name


@pytest.mark.parametrize(
    ("name", "seconds"), [("ours", "3"), ("framework-throttled", "5"), ("database", "1")]
)
def test_who_must_wait_is_told_how_long(visitor, name, seconds):
    assert visitor.get(f"/api/raised/{name}").headers["Retry-After"] == seconds


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("kind", ["raised", "bare"])
def test_a_defect_is_logged_by_type_and_place_and_never_by_its_text(
    visitor, settings, caplog, kind, debug
):
    settings.DEBUG = debug

    with caplog.at_level(logging.DEBUG):
        answer = visitor.get(f"/api/{kind}/defect")

    (said,) = [record for record in caplog.records if record.name == "meshes.api_errors"]
    facts = said.msg
    assert facts["event"] == "api_request_failed"
    assert facts["error"] == "ZeroDivisionError"
    assert "test_api_errors.py" in facts["at"]
    assert facts["request_id"] in body_of(answer)["error"]["message"]
    assert SECRET not in caplog.text


def test_the_methods_that_are_allowed_stay_in_the_header(visitor):
    answer = visitor.get("/api/allowed")

    assert answer.headers["Allow"] == "PUT, POST"
    assert body_of(answer)["error"]["name"] == "MethodNotAllowed"


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("address", "status"),
    [("/api/", 404), ("/api/v1/nothing", 404), ("/api/v2/events", 404), ("/api/suspicious", 400)],
)
def test_errors_that_django_answers_itself_are_json_too(visitor, settings, address, status, debug):
    settings.DEBUG = debug

    answer = visitor.get(address)

    assert answer.status_code == status
    body_of(answer)


@pytest.mark.parametrize("debug", [False, True])
def test_a_host_that_is_not_ours_gets_json(visitor, settings, debug):
    settings.DEBUG, settings.ALLOWED_HOSTS = debug, ["meshes.example"]

    answer = visitor.post("/api/v1/events", {}, headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert body_of(answer)["error"]["name"] == "BadRequest"


def test_a_status_that_the_contract_does_not_know_gets_its_usual_name(visitor):
    assert body_of(visitor.get("/api/stream"))["error"] == {
        "name": "BadGateway",
        "message": "The request failed.",
    }


def test_json_of_any_kind_is_left_as_it_is(visitor):
    answer = visitor.get("/api/json")

    assert (answer.content, answer.headers["Content-Type"]) == (b"{}", "application/problem+json")


def test_pages_outside_the_api_stay_as_they_are(visitor):
    assert visitor.get("/elsewhere").text == f"<p>{SECRET}</p>"
    assert visitor.get("/elsewhere/fails").headers["Content-Type"].startswith("text/html")


def test_faults_of_a_serializer_become_the_contracts_data():
    detail = {"name": ["too short", "taken"], "items": [{"id": ["missing"]}], "": ["odd"]}

    answer = api_errors.answer_for(exceptions.ValidationError(detail), {})

    assert answer.status_code == 400
    assert json.loads(answer.content)["error"]["data"] == [
        {"param": "name", "msg": "too short"},
        {"param": "name", "msg": "taken"},
        {"param": "items.id", "msg": "missing"},
        {"param": "body", "msg": "odd"},
    ]


def test_an_error_has_exactly_the_contracts_shape():
    error = BadRequest("One or more fields are invalid.", data=[Fault("name", "is required")])

    assert error.body == {
        "message": "Bad Request",
        "error": {
            "name": "BadRequest",
            "message": "One or more fields are invalid.",
            "data": [{"param": "name", "msg": "is required"}],
        },
    }
    assert "data" not in MethodNotAllowed("No.").body["error"]
