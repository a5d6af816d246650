"""The handlers that intake is compared with, from an answer that does nothing to two that a
team would write itself: one calls ActiveCampaign in the request, one queues a task for it.
"""

from __future__ import annotations

import json
import os
from typing import Any
from uuid import uuid4

import requests
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django_q.tasks import async_task
from rest_framework import exceptions, parsers, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveries.models import Event
from meshes.authentication import KeyHolder, PublishableKeyAuthentication
from meshes.models import PublishableKey

HEADER = "X-Meshes-Publishable-Key"
COLUMNS = (
    "uuid workspace_id event resource resource_id payload email user_id page_id page_title "
    "sequence_step completed_at is_test rules_version total_rules created_by created_at"
).split()
INSERT = (
    f"INSERT INTO deliveries_event ({', '.join(COLUMNS)}) "  # noqa: S608  only constants
    f"VALUES ({', '.join(['%s'] * len(COLUMNS))})"
)


@csrf_exempt
def hello(request: HttpRequest) -> HttpResponse:
    """Nothing but an answer; its length is said, as a middleware would."""
    answer = JsonResponse({"event": {"id": "6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77"}}, status=201)
    answer.headers["Content-Length"] = str(len(answer.content))
    return answer


class InsertView(APIView):
    """The key's query and one INSERT, both as raw SQL; nothing is checked or matched."""

    authentication_classes = [PublishableKeyAuthentication]

    def post(self, request: Request) -> HttpResponse:
        """Store the event."""
        event = json.loads(request._request.body)
        holder: KeyHolder = request.auth  # type: ignore[assignment]
        row = _row(event, holder)
        with connection.cursor() as cursor:
            cursor.execute(INSERT, row)
        return JsonResponse({"event": {"id": str(row[0]), "event": event["event"]}}, status=201)


def _row(event: dict[str, Any], holder: KeyHolder) -> list[Any]:
    """The event as a row, in the order of COLUMNS."""
    native, said = connection.features.has_native_uuid_field, event["payload"]
    moment = connection.ops.adapt_datetimefield_value
    now, uuid = moment(timezone.now()), uuid4()
    ids = (uuid, holder.workspace_id) if native else (uuid.hex, holder.workspace_id.hex)
    texts = [str(said[name]) for name in ("email", "user_id", "page_id", "page_title")]
    return [
        *(*ids, event["event"], event["resource"], event["resource_id"], json.dumps(said)),
        *(*texts, str(said["sequence_step"]), now, False),
        *(holder.rules_version, 0, holder.created_by, now),
    ]


class EventForm(serializers.Serializer[Any]):
    """What a team would ask of an event."""

    event = serializers.CharField(max_length=200)
    resource = serializers.CharField(max_length=200, required=False)
    resource_id = serializers.CharField(max_length=64, required=False)
    payload = serializers.DictField()


class OwnView(APIView):
    """What both handlers of a team's own do first: the key by the ORM, a serializer."""

    parser_classes = [parsers.JSONParser]

    def checked(self, request: Request) -> dict[str, Any]:
        """The payload of the event."""
        return dict(self.form(request)["payload"])

    def form(self, request: Request) -> dict[str, Any]:
        """The event."""
        keys = PublishableKey.objects.select_related("workspace").filter(revoked_at=None)
        self.key = keys.filter(key=request.headers.get(HEADER, "")).first()
        if self.key is None:
            raise exceptions.PermissionDenied
        form = EventForm(data=request.data)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)


class EnqueueView(OwnView):
    """Queues one django-q2 task for each event, and keeps nothing else."""

    def post(self, request: Request) -> Response:
        """Queue it."""
        task = async_task("tests.bench.plain.views.tagged", self.checked(request))
        return Response({"task": task}, status=201)


class KeepAndEnqueueView(OwnView):
    """Stores the event by the ORM and queues a task for it, without rules and deliveries."""

    def post(self, request: Request) -> Response:
        """Store it and queue its id."""
        said = self.form(request)
        event = Event.objects.create(
            workspace=self.key.workspace,
            rules_version=self.key.workspace.rules_version,
            created_by=self.key.name,
            created_at=timezone.now(),
            email=said["payload"]["email"],
            **said,
        )
        task = async_task("tests.bench.plain.views.tagged", event.pk)
        return Response({"event": {"id": str(event.uuid)}, "task": task}, status=201)


class CallView(OwnView):
    """Calls ActiveCampaign while the product waits: the contact first, then its tag."""

    def post(self, request: Request) -> Response:
        """Make both calls."""
        tagged(self.checked(request))
        return Response({"tagged": True}, status=201)


def tagged(payload: dict[str, Any]) -> None:
    """Give the person the tag, as ActiveCampaign's documentation shows it."""
    url, key, tag = (os.environ[f"BENCH_{name}"] for name in ("URL", "KEY", "TAG"))
    headers = {"Api-Token": key}
    person = {"contact": {"email": payload["email"], "firstName": payload["first_name"]}}
    answer = requests.post(f"{url}/api/3/contact/sync", json=person, headers=headers, timeout=30)
    answer.raise_for_status()
    given = {"contactTag": {"contact": answer.json()["contact"]["id"], "tag": tag}}
    answer = requests.post(f"{url}/api/3/contactTags", json=given, headers=headers, timeout=30)
    answer.raise_for_status()
