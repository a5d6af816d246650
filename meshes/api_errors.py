"""Every error under /api/ in the contract's one JSON shape.

Nothing here repeats what a sender sent, nor what an exception says.
Source: Meshes API wire contract, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any, NamedTuple

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.views import set_rollback

from meshes.logs import where_it_failed
from meshes.request_ids import request_id

API_PREFIX = "/api/"
ABOUT_THE_OLD_BODY = frozenset(
    {"content-type", "content-length", "content-encoding", "content-disposition"}
)

log = structlog.get_logger(__name__)


class Fault(NamedTuple):
    """What is wrong with one parameter: where it stands, and a message."""

    param: str
    msg: str


class ApiError(Exception):
    """An error that the API answers; `name` and `phrase` are the wire's words."""

    status = 500
    name = "InternalServerError"
    phrase = "Internal Server Error"

    def __init__(
        self,
        message: str,
        *,
        data: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.data = tuple(data)
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """The contract's error body; `data` only when there are faults."""
        return error_body(name=self.name, phrase=self.phrase, message=self.message, data=self.data)


class BadRequest(ApiError):
    """The request is invalid."""

    status, name, phrase = 400, "BadRequest", "Bad Request"


class Unauthorized(ApiError):
    """The credential is missing, unknown, revoked or expired."""

    status, name, phrase = 401, "Unauthorized", "Unauthorized"


class Forbidden(ApiError):
    """The credential is good but not for this."""

    status, name, phrase = 403, "Forbidden", "Forbidden"


class NotFound(ApiError):
    """Nothing is at this address, or it belongs to somebody else."""

    status, name, phrase = 404, "NotFound", "Not Found"


class MethodNotAllowed(ApiError):
    """The address does not take this method."""

    status, name, phrase = 405, "MethodNotAllowed", "Method Not Allowed"


class NotAcceptable(ApiError):
    """The answer is wanted in a form that this address does not have."""

    status, name, phrase = 406, "NotAcceptable", "Not Acceptable"


class Conflict(ApiError):
    """The request does not fit the present state."""

    status, name, phrase = 409, "Conflict", "Conflict"


class PayloadTooLarge(ApiError):
    """The body is larger than this address takes."""

    status, name, phrase = 413, "PayloadTooLarge", "Payload Too Large"


class UnsupportedMediaType(ApiError):
    """The body is not JSON."""

    status, name, phrase = 415, "UnsupportedMediaType", "Unsupported Media Type"


class UnprocessableEntity(ApiError):
    """The request is well-formed but cannot be used."""

    status, name, phrase = 422, "UnprocessableEntity", "Unprocessable Entity"


class TooEarly(ApiError):
    """What is asked for is about to happen anyway."""

    status, name, phrase = 425, "TooEarly", "Too Early"


class TooManyRequests(ApiError):
    """The credential has used up its budget for now."""

    status, name, phrase = 429, "TooManyRequests", "Too Many Requests"


class ServiceUnavailable(ApiError):
    """We cannot do it now, but soon."""

    status, name, phrase = 503, "ServiceUnavailable", "Service Unavailable"


FAMILIES: tuple[type[ApiError], ...] = (ApiError, *ApiError.__subclasses__())
KNOWN = {family.status: family for family in FAMILIES}
TRANSLATED: tuple[tuple[type[Exception], type[ApiError]], ...] = (
    (Http404, NotFound),
    (PermissionDenied, Forbidden),
    (RequestDataTooBig, PayloadTooLarge),
    (SuspiciousOperation, BadRequest),
    (UnreadablePostError, BadRequest),
)
MESSAGES = {
    400: "The request is incomplete, not well-formed or meant for another server.",
    401: "The credential is missing or not accepted.",
    403: "This credential may not do that.",
    404: "There is nothing at this address.",
    405: "This address does not take this method; the Allow header names those it takes.",
    413: "The request is too large.",
    429: "Too many requests; wait for the time in the Retry-After header.",
    503: "The service is not available now; try again shortly.",
}


def error_body(
    *, name: str, phrase: str, message: str, data: Sequence[Fault] = ()
) -> dict[str, Any]:
    """The contract's error body."""
    error: dict[str, Any] = {"name": name, "message": message}
    if data:
        error["data"] = [{"param": fault.param, "msg": fault.msg} for fault in data]
    return {"message": phrase, "error": error}


def answer_for(error: Exception, context: Mapping[str, Any]) -> HttpResponseBase:
    """The contract's answer for whatever a view raised; unknown errors are logged."""
    set_rollback()
    return answered(_as_api_error(error, context.get("request")))


def answered(error: ApiError) -> JsonResponse:
    """The answer that says this error."""
    return JsonResponse(error.body, status=error.status, headers=error.headers)


class JsonErrorsMiddleware:
    """Turns whatever error leaves an API path into the contract's body.

    Why: Django answers some requests before a view sees them, in HTML.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < HTTPStatus.BAD_REQUEST or not _is_api(request):
            return response
        return response if _is_json(response) else _rewritten(response)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """The answer for what an API view outside the REST framework raised."""
        return answer_for(error, {"request": request}) if _is_api(request) else None


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIX)


def _is_json(response: HttpResponseBase) -> bool:
    return "json" in response.headers.get("Content-Type", "")


def _rewritten(response: HttpResponseBase) -> JsonResponse:
    """The same status and headers with the contract's body."""
    status = response.status_code
    family = KNOWN.get(status)
    phrase = family.phrase if family else response.reason_phrase
    name = family.name if family else "".join(filter(str.isalpha, phrase.title()))
    message = MESSAGES.get(status, "The request failed.")
    answer = JsonResponse(error_body(name=name, phrase=phrase, message=message), status=status)
    for header, value in response.headers.items():
        if header.lower() not in ABOUT_THE_OLD_BODY:
            answer.headers[header] = value
    answer.headers["Content-Length"] = str(len(answer.content))
    answer.cookies = response.cookies
    return answer


def _as_api_error(error: Exception, request: Any) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    for kind, family in TRANSLATED:
        if isinstance(error, kind):
            return family(MESSAGES[family.status])
    return _our_fault(error, request)


def _from_framework(error: exceptions.APIException) -> ApiError:
    family = KNOWN.get(error.status_code, BadRequest)
    wait = getattr(error, "wait", None)
    headers = {"Retry-After": str(max(1, ceil(wait)))} if wait is not None else {}
    if isinstance(error, exceptions.ValidationError):
        return family("One or more fields are invalid.", data=list(_faults(error.detail)))
    return family(MESSAGES.get(family.status, str(error.detail)), headers=headers)


def _faults(detail: Any, place: str = "") -> list[Fault]:
    if isinstance(detail, Mapping):
        pairs = [(f"{place}.{key}" if place else str(key), item) for key, item in detail.items()]
        return [fault for inner, item in pairs for fault in _faults(item, inner)]
    if isinstance(detail, (list, tuple)):
        return [fault for item in detail for fault in _faults(item, place)]
    return [Fault(place or "body", str(detail))]


def _our_fault(error: Exception, request: Any) -> ApiError:
    """A database that is away, or a defect: logged by type and place only."""
    known_as = request_id()
    away = isinstance(error, (OperationalError, InterfaceError))
    where = where_it_failed(None, "", {"exc_info": error})
    method = getattr(request, "method", "")
    log.error("api_request_failed", request_id=known_as, method=method, away=away, **where)
    if away:
        return ServiceUnavailable(MESSAGES[503], headers={"Retry-After": "1"})
    return ApiError(f"Something failed on our side; the log knows it as request {known_as}.")
