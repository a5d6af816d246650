"""The addresses of rules: thin edges around `rules.saving`.

Source: Meshes API wire contract, sections 5 (17, 30 to 33) and 12.3.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from connections.models import Connection
from meshes.api_errors import BadRequest
from meshes.api_views import ApiView
from meshes.list_filters import BAD_PARAMETERS, text_filters
from meshes.pagination import whole
from rules import rule_answers as says
from rules.models import Rule
from rules.rule_bodies import refusals_told, sent_rule
from rules.saving import delete_rule, save_rule


class RulesView(ApiView):
    """All rules, and new ones."""

    @extend_schema(**says.LIST)
    def get(self, request: Request) -> HttpResponse:
        """Every rule that the key reaches and the filters select, newest first."""
        return self.answer(_listed(self.rows(Rule.objects.live()), request))

    @extend_schema(**says.CREATE)
    def post(self, request: Request) -> HttpResponse:
        """A new rule, which the next event meets already."""
        sent = sent_rule(self.body())
        workspace = self.workspace(sent.workspace_id)
        own = Connection.objects.live().filter(workspace=workspace)
        connection = self.found(
            own.select_related("workspace", "account"), noun="connection", pk=sent.connection_id
        )
        with refusals_told():
            rule = save_rule(
                None, draft=sent.draft(connection), by=self.caller.created_by, now=timezone.now()
            )
        return self.answer({"rule": says.rule_record(rule)}, status=201)


class WorkspaceRulesView(ApiView):
    """The rules of one workspace."""

    @extend_schema(**says.LIST_OF_WORKSPACE)
    def get(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """Those that the filters select, newest first."""
        workspace = self.workspace(workspace_id)
        return self.answer(_listed(Rule.objects.live().filter(workspace=workspace), request))


class RuleView(ApiView):
    """One rule."""

    @extend_schema(**says.SHOW)
    def get(self, request: Request, rule_id: UUID) -> HttpResponse:
        """The rule."""
        return self.answer(says.rule_record(self._rule(rule_id)))

    @extend_schema(**says.DELETE)
    def delete(self, request: Request, rule_id: UUID) -> HttpResponse:
        """What was deleted; what waits for this rule is canceled."""
        rule = self._rule(rule_id)
        with refusals_told():
            delete_rule(rule, by=self.caller.created_by, now=timezone.now())
        return self.answer(says.deleted_record(rule))

    def _rule(self, rule_id: UUID) -> Rule:
        rules = Rule.objects.live().select_related("workspace", "connection")
        found: Rule = self.found(rules, noun="rule", pk=rule_id)
        return found


def _listed(rules: QuerySet[Rule], request: Request) -> dict[str, Any]:
    asked, faults = text_filters(request.query_params)
    if faults:
        raise BadRequest(BAD_PARAMETERS, data=faults)
    newest_first = rules.filter(**asked).select_related("connection").order_by("-created_at", "-pk")
    return whole([says.rule_record(rule) for rule in newest_first])
