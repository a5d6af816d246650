"""What the pages that come before a job show, and starting what they show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from connections.models import Connection
from deliveries import admin_displays as displays
from deliveries import backfilling, job_wording, wording
from deliveries.admin_facts import Fact
from deliveries.background_jobs import start_replay
from deliveries.forms import PeriodForm, StartReplayForm, last_days
from deliveries.job_preview import Preview, preview
from deliveries.models import BackgroundJob, Delivery, Status
from deliveries.selecting import FITS, Selection, SelectionUnclear, selection_of
from meshes.admin_base import who
from meshes.models import Workspace
from meshes.visibility import visible_workspaces
from rules.models import Rule

Basis = BackgroundJob.Basis
PLACES = ("p", "basis", "all", "o", "before", "after")
"""What an address says beside the filters."""


def replay_page(request: HttpRequest) -> dict[str, Any]:
    """What replaying all that the address selects would do.

    Shape: without a `workspace`, the ones to choose from.
    Raises: SelectionUnclear.
    """
    asked = request.GET.dict()
    selection = selection_of(asked, now=timezone.now())
    workspace = _workspace(request, selection)
    if workspace is None:
        return {"workspace": None, "choices": _choices(request)}
    basis = Basis.NOW if asked.get("basis") == Basis.NOW else Basis.WAS
    found = preview(selection, workspace_id=workspace.pk, basis=basis)
    names = _names(selection)
    return {
        "workspace": workspace,
        "selection": selection,
        "basis": basis,
        "found": found,
        "chosen": job_wording.chosen(selection, names=names),
        "replayable": f"{found.replayable:,}",
        "selected": f"{found.selected:,}",
        "changed": f"{found.changed:,}",
        "counted": "" if found.exact else f"{found.counted:,}",
        "statuses": [(job_wording.FARED[key], f"{n:,}") for key, n in found.by_status.items()],
        "skipped": [(job_wording.SKIPPED[cause], f"{n:,}") for cause, n in found.skipped.items()],
        "by_user_id": "page_id" in selection and not found.selected,
        "time": job_wording.how_long(found.loads),
        "accounts": job_wording.account_lines(found.loads),
        "bases": [(label, _with(asked, basis=key), key == basis) for key, label in Basis.choices],
        "form": _start_form(request, found, selection),
        "back": f"{reverse('admin:deliveries_delivery_changelist')}?{_query(asked)}",
    }


def start_replay_of(request: HttpRequest, page: dict[str, Any]) -> BackgroundJob:
    """The job that the previewed page starts.

    Raises: NothingToReplay.
    """
    values = page["form"].cleaned_data
    job = BackgroundJob(
        workspace=page["workspace"],
        basis=page["basis"],
        insist=values["insist"],
        asked_by=who(request),
    )
    return start_replay(page["selection"], job=job, last_id=values["last_id"], now=timezone.now())


def backfill_page(request: HttpRequest, rule: Rule) -> dict[str, Any]:
    """What applying the rule to the chosen period would do; `found` is None without a period.

    Raises: CannotBackfill.
    """
    backfilling.check(rule)
    given = request.POST if request.method == "POST" else request.GET
    form = PeriodForm(given if "since" in given else last_days())
    found = None
    if form.is_valid():
        since, until = form.period()
        found = backfilling.preview(rule, since=since, until=until)
    return {
        "rule": rule,
        "condition": wording.condition(rule),
        "form": form,
        "found": found,
        "time": job_wording.how_long((found.load,)) if found and found.people else "",
        "back": displays.address(rule),
    }


def start_backfill_of(request: HttpRequest, page: dict[str, Any]) -> BackgroundJob:
    """The job that the previewed page starts.

    Raises: CannotBackfill.
    """
    since, until = page["form"].period()
    return backfilling.start(
        page["rule"], since=since, until=until, by=who(request), now=timezone.now()
    )


def facts(job: BackgroundJob) -> list[Fact]:
    """Who asked for what, and when."""
    chosen = job_wording.chosen(job.selection, names=_names(job.selection))
    replays = job.kind == BackgroundJob.Kind.REPLAY
    told = [
        Fact("Workspace", job.workspace.name),
        Fact("Asked for by", job.asked_by),
        Fact("Started", wording.moment(job.created_at, seconds=True)),
        Fact("Ended", wording.moment(job.finished_at, seconds=True) if job.finished_at else ""),
        Fact("Rule", job.rule.name, displays.address(job.rule)) if job.rule else Fact("", ""),
        Fact("Uses", BackgroundJob.Basis(job.basis).label if replays else ""),
        Fact("Insists", "yes, sends even what was overtaken" if job.insist else ""),
        *(Fact(label, value) for label, value in chosen),
        Fact("Status", "any") if replays and "status" not in job.selection else Fact("", ""),
    ]
    return [fact for fact in told if fact.value]


def list_address(job: BackgroundJob) -> str:
    """The list of the job's deliveries."""
    return f"{reverse('admin:deliveries_delivery_changelist')}?{urlencode({'job': job.pk})}"


def replays_all(request: HttpRequest, rows: Iterable[Delivery]) -> bool:
    """Whether a replay finds what the list finds, whose page of rows is given.

    Why: the list searches by user id, too, which a selection does not hold.
    """
    try:
        selection = selection_of(request.GET.dict(), now=timezone.now())
    except SelectionUnclear:
        return True
    page_id, pk = selection.get("page_id"), selection.get("id")
    if page_id:
        return all(row.page_id == page_id for row in rows)
    if not pk:
        return True
    shown = [row.pk for row in rows]
    return Delivery.objects.filter(FITS["id"](pk), pk__in=shown).count() == len(shown)


def replay_address(request: HttpRequest) -> str:
    """The preview of replaying all that the present list shows."""
    return f"{reverse('admin:deliveries_backgroundjob_replay')}?{_query(request.GET.dict())}"


def _start_form(request: HttpRequest, found: Preview, selection: Selection) -> StartReplayForm:
    delivered: int | None = found.by_status[Status.COMPLETED]
    if not found.exact and selection.get("status", "delivered") == "delivered":
        delivered = None
    return StartReplayForm(
        request.POST if request.method == "POST" else None,
        delivered=delivered,
        initial={"last_id": found.last_id},
    )


def _workspace(request: HttpRequest, selection: Selection) -> Workspace | None:
    """The one workspace that is meant, None when several could be."""
    visible = visible_workspaces(request.user)
    given = request.GET.get("workspace") or _owner(selection)
    if given:
        try:
            found: Workspace | None = visible.filter(pk=UUID(given)).first()
        except ValueError:
            found = None
        if found is None:
            raise SelectionUnclear("This workspace is not known. Choose one from the filters.")
        return found
    only = list(visible[:2])
    return only[0] if len(only) == 1 else None


def _owner(selection: Selection) -> str:
    """The workspace of the selected rule or connection."""
    for key, model in (("rule", Rule), ("connection", Connection)):
        if key in selection:
            owner = model.objects.filter(pk=selection[key]).values_list("workspace", flat=True)
            return str(owner.first() or UUID(int=0))
    return ""


def _choices(request: HttpRequest) -> list[tuple[str, str]]:
    asked = request.GET.dict()
    visible = visible_workspaces(request.user).order_by("name")
    return [(each.name, _with(asked, workspace=str(each.pk))) for each in visible]


def _names(selection: Selection) -> dict[str, str]:
    names: dict[str, str] = {}
    for key, model in (("rule", Rule), ("connection", Connection)):
        if key in selection:
            found = model.objects.filter(pk=selection[key]).values_list("name", flat=True)
            names[selection[key]] = str(found.first() or "")
    return names


def _with(asked: dict[str, str], **more: str) -> str:
    return f"?{urlencode({**asked, **more})}"


def _query(asked: dict[str, str]) -> str:
    kept = {key: value for key, value in asked.items() if key not in PLACES}
    return urlencode(kept)
