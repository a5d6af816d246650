"""What a workspace has of each step of the guide: of several rows, the best."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from connections.models import Connection
from deliveries.guide_progress import NOTHING, Progress, confirmed, read
from deliveries.models import Trial
from meshes.models import PublishableKey
from rules.models import Rule

TRIAL_ROW = ("rule", "rule_version__connection", "event", "workspace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that the steps show; None where there is none."""

    workspace: Any = None
    progress: Progress = NOTHING
    key: PublishableKey | None = None
    connection: Connection | None = None
    rule: Rule | None = None
    trial: Trial | None = None


def rows_of(workspace: Any, *, now: datetime) -> Rows:
    """The rows of a judged workspace: of several, one that works, then the newest."""
    keys = PublishableKey.objects.usable(now).filter(workspace=workspace)
    connections = Connection.objects.live().filter(workspace=workspace).select_related("account")
    rules = Rule.objects.live().filter(workspace=workspace).select_related("connection")
    return Rows(
        workspace=workspace,
        progress=read(workspace),
        key=keys.order_by(F("expires_at").desc(nulls_first=True), "-created_at").first(),
        connection=_best(connections, last_check__ok=True, active=True),
        rule=_best(rules, held_reason="", active=True),
        trial=_trial(workspace),
    )


def _best(rows: Any, **works: Any) -> Any:
    newest = rows.order_by("-created_at")
    return newest.filter(**works).first() or newest.first()


def _trial(workspace: Any) -> Trial | None:
    """The newest test that was confirmed, else the newest."""
    here = Trial.objects.filter(workspace=workspace).select_related(*TRIAL_ROW)
    newest = here.defer("event__payload").order_by("-pk")
    passed = confirmed().filter(workspace=workspace).order_by("-pk").values_list("pk", flat=True)
    found = passed.first()
    return newest.filter(pk=found).first() if found else newest.first()
