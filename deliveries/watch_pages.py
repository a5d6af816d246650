"""What the pages of unmatched and of silent events show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from deliveries import wording
from deliveries.models import Alert
from deliveries.radar import Blip, radar_of
from deliveries.rule_drafting import draft_address, only_connection
from deliveries.seen_lately import COLUMNS, seen_lately, titles_of
from deliveries.silence_alerts import KIND, source_of
from deliveries.silences import Silent, Source, silences_of
from meshes.models import Workspace
from rules.facts import DEFAULT_RESOURCE, Facts

DAYS = ("7", "30")
RECENT = 20


def radar_page(workspace: Workspace, *, days: str, may_add: bool, now: datetime) -> dict[str, Any]:
    """The combinations that no rule covers, each with its nearest rule and a draft."""
    chosen = days if days in DAYS else DAYS[0]
    found = radar_of(workspace, days=int(chosen), now=now)
    titles = _titles(workspace.pk) if found.blips else {}
    connection = only_connection(workspace.pk) if may_add and found.blips else None
    page = reverse("admin:deliveries_radar")
    asked = {"workspace": str(workspace.pk)}
    return {
        "days": chosen,
        "periods": [
            (f"{each} days", f"{page}?{urlencode({**asked, 'days': each})}", each == chosen)
            for each in DAYS
        ],
        "blips": [_blip(one, titles, connection, may_add=may_add) for one in found.blips],
        "more": found.more,
    }


def silence_page(workspace: Workspace, *, now: datetime) -> dict[str, Any]:
    """What is silent now, by the counts of now, and the alerts that are over."""
    over = Alert.objects.filter(workspace=workspace, kind=KIND, resolved_at__isnull=False)
    standing = Alert.objects.filter(workspace=workspace, kind=KIND, resolved_at__isnull=True)
    silent = silences_of(workspace.pk, now=now)
    keys = {one.source.key for one in silent}
    older = [alert for alert in standing.order_by("-pk")[:RECENT] if alert.key not in keys]
    recent = list(over.order_by("-pk")[:RECENT])
    titles = titles_of(workspace.pk) if silent or older or recent else {}
    return {
        "silent": [_silent(one, workspace, titles) for one in silent],
        "older": [_told(alert, titles) for alert in older],
        "over": [_told(alert, titles) for alert in recent],
    }


def _blip(
    one: Blip, titles: dict[Facts, str], connection: UUID | None, *, may_add: bool
) -> dict[str, Any]:
    facts, near = one.facts, one.near
    title = titles.get(facts, "")
    like = near.rule if near and near.rule.event == facts.event else None
    asked = {name: getattr(facts, name) for name in COLUMNS}
    asked["resource"] = "" if facts.resource == DEFAULT_RESOURCE else facts.resource
    draft = draft_address(asked, like=like, connection_id=connection, name=_name(facts, title))
    return {
        "title": title or facts.page_id or facts.event,
        "places": _places(facts),
        "count": f"{one.count:,}",
        "events": "event" if one.count == 1 else "events",
        "last": wording.moment(one.last),
        "near": near,
        "near_url": reverse("admin:rules_rule_change", args=[near.rule.pk]) if near else "",
        "draft_url": draft if may_add else "",
    }


def _titles(workspace_id: UUID) -> dict[Facts, str]:
    """The titles of the pages that the newest events named."""
    seen = seen_lately(workspace_id).combinations
    return {Facts(*(getattr(one, name) for name in COLUMNS)): one.page_title for one in seen}


def _name(facts: Facts, title: str) -> str:
    step = f", step {facts.sequence_step}" if facts.sequence_step else ""
    return f"{title or facts.page_id or facts.event}{step}"


def _places(facts: Facts) -> str:
    step = f"step {facts.sequence_step}" if facts.sequence_step else ""
    resource = "" if facts.resource == DEFAULT_RESOURCE else facts.resource
    parts = (facts.event, resource, facts.resource_id, step, facts.page_id)
    return " · ".join(filter(None, parts))


def _silent(one: Silent, workspace: Workspace, titles: Mapping[str, str]) -> dict[str, str]:
    pause = round(one.silence.pause.total_seconds() * 1_000)
    return {
        "title": _source(one.source, titles),
        "last": wording.moment(one.silence.last),
        "expected": f"{one.silence.expected:,}",
        "pause": wording.duration(pause) if pause else "less than an hour",
        "url": _events(one.source, workspace),
    }


def _source(source: Source, titles: Mapping[str, str]) -> str:
    step = f"step {source.sequence_step}" if source.sequence_step else ""
    parts = (source.event, source.resource_id, step, titles.get(source.page_id, source.page_id))
    words = " · ".join(filter(None, parts))
    return words if not source.whole else f"{words}, on every page"


def _events(source: Source, workspace: Workspace) -> str:
    asked = {"workspace": str(workspace.pk), "event": source.event}
    asked |= {"q": source.page_id} if source.page_id else {}
    return f"{reverse('admin:deliveries_event_changelist')}?{urlencode(asked)}"


def _told(alert: Alert, titles: Mapping[str, str]) -> dict[str, str]:
    ended = alert.resolved_at
    return {
        "title": _source(source_of(alert), titles),
        "last": wording.moment(alert.last_at),
        "over": wording.moment(ended) if ended else "",
    }
