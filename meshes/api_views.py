"""What every address under /api/v1/ has in common: method, credential, throttle, body, reach.

Views stay thin: they find rows within the key's reach, call one verb and answer.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from meshes import audit, strict_json, throttling
from meshes.api_errors import MESSAGES, BadRequest, MethodNotAllowed
from meshes.audit import Kind
from meshes.bearer import MachineAuthentication, ReadOnlyKeysOnlyRead
from meshes.bodies import optional_json_body
from meshes.machine_tokens import MachineHolder
from meshes.models import Workspace
from meshes.pagination import Listing
from meshes.reach import found_in_reach, reachable_workspaces, within_reach
from meshes.throttling import Budget
from meshes.wire import json_answer


class AlwaysJson(BaseContentNegotiation):
    """Answers JSON whatever the Accept header asks for; clients cannot use anything else."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer, always."""
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """An address of the API; a subclass defines `get`, `post`, `put` or `delete`.

    Shape: `self.caller` is who asks; `self.answer(value)` says a value.
    """

    authentication_classes = [MachineAuthentication]
    permission_classes = [ReadOnlyKeysOnlyRead]
    content_negotiation_class = AlwaysJson
    budget: ClassVar[Budget] = throttling.API
    audited: ClassVar[bool] = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what cannot be served before anything of it is read.

        Why: as the base class, without choosing a renderer and a version; there
        is one of each.
        """
        method = (request.method or "").lower()
        if method not in self.http_method_names or not hasattr(self, method):
            allow = ", ".join(self.allowed_methods)
            raise MethodNotAllowed(MESSAGES[405], headers={"Allow": allow})
        if method != "options":
            self.perform_authentication(request)
            self.check_permissions(request)
            self.check_throttles(request)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The answer, after writing down a change that was made."""
        done = response.status_code < HTTPStatus.BAD_REQUEST
        if done and self.audited and request.method not in SAFE_METHODS:
            by = audit.Actor(self.caller.created_by)
            audit.note(Kind.API, by=by, said=f"{request.method} {request.path_info}")
        return super().finalize_response(request, response, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        """Count this request against the key's budget."""
        throttling.take(self.caller.key_id, budget=self.budget)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """Which methods there are, for whoever asks without a browser's preflight."""
        return json_answer({"allow": self.allowed_methods})

    @property
    def caller(self) -> MachineHolder:
        """Whoever signed the request's token."""
        return cast("MachineHolder", self.request.auth)

    def answer(self, value: Any, *, status: int = 200) -> HttpResponse:
        """An answer that says this value."""
        return json_answer(value, status=status)

    def body(self, *, optional: bool = False) -> dict[str, Any]:
        """The JSON object that was sent; an optional one is empty when nothing was.

        Raises: BadRequest, PayloadTooLarge, UnsupportedMediaType.
        """
        raw = optional_json_body(self.request._request, limit=settings.MAX_API_BYTES)
        if not raw:
            if optional:
                return {}
            raise BadRequest("The body is empty; send a JSON object.")
        value = strict_json.parse(raw)
        if not isinstance(value, dict):
            raise BadRequest("The body must be a JSON object.")
        return value

    def workspaces(self) -> QuerySet[Workspace]:
        """The live workspaces that the key reaches."""
        return reachable_workspaces(self.caller)

    def workspace(self, workspace_id: Any) -> Workspace:
        """One of them.

        Raises: NotFound.
        """
        return cast(
            "Workspace",
            found_in_reach(
                Workspace.objects.live(),
                self.caller,
                noun="workspace",
                path="",
                pk=workspace_id,
            ),
        )

    def rows(self, rows: QuerySet[Any], *, path: str = "workspace") -> QuerySet[Any]:
        """The rows that the key reaches; `path` leads from a row to its workspace."""
        return within_reach(rows, self.caller, path=path)

    def found(
        self, rows: QuerySet[Any], *, noun: str, path: str = "workspace", **which: Any
    ) -> Any:
        """The one row within reach that the lookups find.

        Raises: NotFound.
        """
        return found_in_reach(rows, self.caller, noun=noun, path=path, **which)

    def listing(self, name: str, *, order: tuple[str, ...] = ("pk",)) -> Listing:
        """The paged list of that name, as this key's organization sees it."""
        return Listing(name, str(self.caller.organization_id), order)
