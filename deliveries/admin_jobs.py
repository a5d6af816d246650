"""The pages of replays and backfills: previewing, starting and watching them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deliveries import admin_displays as displays
from deliveries import admin_filters as filters
from deliveries import job_pages, job_wording, wording
from deliveries.admin_columns import CHIP
from deliveries.admin_facts import Fact
from deliveries.admin_history import HistoryAdmin
from deliveries.backfilling import CannotBackfill
from deliveries.background_jobs import NothingToReplay
from deliveries.job_buttons import JOB_BUTTONS
from deliveries.models import BackgroundJob, Delivery
from deliveries.permissions import MAY_REPLAY_MANY
from deliveries.selecting import SelectionUnclear
from meshes import audit
from meshes.audit import Kind
from meshes.visibility import limited_to
from rules.models import Rule


@admin.register(BackgroundJob)
class BackgroundJobAdmin(HistoryAdmin):
    """Replays of many deliveries, and backfills of rules."""

    buttons = JOB_BUTTONS
    list_display = ("what", "how_far", "workspace_name", "asked_by", "started")
    list_filter = (filters.WorkspaceFilter,)
    list_select_related = ("workspace", "rule")
    search_fields: ClassVar[list[str] | tuple[str, ...]] = ()
    fields = ("kind",)
    change_form_template = "admin/deliveries/job.html"
    fresh_template = "admin/deliveries/job_part.html"
    when_empty = (
        "To replay many deliveries, narrow their list by its filters and press “Replay all”. "
        "To apply a rule to past events, press “Backfill…” on the rule's page."
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may start a job may look at jobs."""
        return super().has_view_permission(request, obj) or request.user.has_perm(MAY_REPLAY_MANY)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same, for the sidebar."""
        return super().has_module_permission(request) or request.user.has_perm(MAY_REPLAY_MANY)

    def get_urls(self) -> list[URLPattern]:
        """The pages that come before a job, ahead of Django's own."""
        wrap = self.admin_site.admin_view
        mine = [
            path("replay/", wrap(self.replay_view), name="deliveries_backgroundjob_replay"),
            path(
                "backfill/<uuid:rule_id>/",
                wrap(self.backfill_view),
                name="deliveries_backgroundjob_backfill",
            ),
        ]
        return [*mine, *super().get_urls()]

    def page_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The job in words, and how far it is."""
        state, tone = job_wording.STATE_WORDS[row.state]
        return {
            "sentence": job_wording.title(row),
            "state": state,
            "tone": tone,
            "running": row.state == BackgroundJob.State.RUNNING,
            "progress": job_wording.progress(row),
            "facts": job_pages.facts(row),
            "ids": [Fact("Job id", str(row.uuid))],
            "deliveries_url": job_pages.list_address(row),
        }

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """Preview what the filters select on GET, start replaying it on POST."""
        self._check(request)
        try:
            page = job_pages.replay_page(request)
            if request.method == "POST" and page["form"].is_valid():
                return self._to_job(request, job_pages.start_replay_of(request, page))
        except (SelectionUnclear, NothingToReplay) as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(_list_of(Delivery))
        template = "replay_many.html" if page["workspace"] else "choose_workspace.html"
        return self.own_page(request, template, title="Replay deliveries", page=page)

    def backfill_view(self, request: HttpRequest, rule_id: Any) -> HttpResponse:
        """Preview what the rule would have reached on GET, start reaching it on POST."""
        self._check(request)
        rules = limited_to(Rule.objects.live(), request.user, path="workspace")
        related = ("connection__account", "current__mapping", "workspace")
        rule = rules.select_related(*related).filter(pk=rule_id).first()
        if rule is None:
            raise Http404("There is no such rule.")
        try:
            page = job_pages.backfill_page(request, rule)
            if request.method == "POST" and page["form"].is_valid():
                return self._to_job(request, job_pages.start_backfill_of(request, page))
        except CannotBackfill as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(displays.address(rule))
        return self.own_page(
            request, "backfill.html", title=f"Backfill of “{rule.name}”", page=page
        )

    def _check(self, request: HttpRequest) -> None:
        if not request.user.has_perm(MAY_REPLAY_MANY):
            raise PermissionDenied

    def _to_job(self, request: HttpRequest, job: BackgroundJob) -> HttpResponse:
        said = f"Started a {job.get_kind_display().lower()}"
        audit.note(Kind.PRESSED, by=audit.person(request.user), about=job, said=said)
        self.message_user(request, "The job has started. This page shows how far it is.")
        return HttpResponseRedirect(displays.address(job))

    @admin.display(description="What")
    def what(self, job: BackgroundJob) -> str:
        """What the job does."""
        return job_wording.title(job)

    @admin.display(description="State")
    def how_far(self, job: BackgroundJob) -> SafeString:
        """Whether it runs, and how much of it was set going."""
        state, tone = job_wording.STATE_WORDS[BackgroundJob.State(job.state)]
        return format_html(CHIP, tone, f"{state}, {job_wording.set_going(job)}")

    @admin.display(description="Workspace")
    def workspace_name(self, job: BackgroundJob) -> str:
        """The workspace by name."""
        return job.workspace.name

    @admin.display(description="Started")
    def started(self, job: BackgroundJob) -> str:
        """When it was started."""
        return wording.moment(job.created_at)


def _list_of(model: Any) -> str:
    return reverse(f"admin:deliveries_{model._meta.model_name}_changelist")
