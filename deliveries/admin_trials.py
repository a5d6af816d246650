"""The pages of test events: sending one, watching it stage by stage, cleaning up after it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deliveries import admin_displays as displays
from deliveries import admin_filters as filters
from deliveries import trial_cleaning, trial_pages, trying, wording
from deliveries.admin_columns import CHIP, person_link
from deliveries.admin_history import HistoryAdmin
from deliveries.models import Trial
from deliveries.permissions import MAY_SEND_TEST as MAY_TEST
from deliveries.trial_cleaning import CannotCleanUp
from deliveries.trial_results import results_of
from meshes import audit
from meshes.admin_base import who
from meshes.admin_buttons import Button
from meshes.admin_returning import back_of, with_back
from meshes.audit import Kind
from meshes.visibility import limited_to
from rules.models import Rule


def clean_up(request: HttpRequest, trial: Trial, _values: Any) -> str:
    """Take away what the test gave."""
    told = trial_cleaning.clean_up(trial, by=who(request), now=timezone.now)
    return " ".join(told)


CLEAN_UP = Button(
    name="clean-up",
    label="Clean up",
    question="Clean up after this test?",
    act=clean_up,
    shown=trial_cleaning.may_clean,
    permission=MAY_TEST,
    refusals=(CannotCleanUp,),
    about=lambda row: trial_pages.cleaning(row, trial_pages.delivery_of(row)),
    template="admin/deliveries/trial_clean.html",
)


@admin.register(Trial)
class TrialAdmin(HistoryAdmin):
    """Test events that people sent."""

    buttons = (CLEAN_UP,)
    list_display = (
        *("what", "result", "person", "workspace_name"),
        *("asked_by", "sent", "cleaned_up"),
    )
    list_filter = (filters.WorkspaceFilter,)
    list_select_related = ("workspace", "rule_version", "event")
    search_fields: ClassVar[list[str] | tuple[str, ...]] = ()
    fields = ("asked_by",)
    change_form_template = "admin/deliveries/trial.html"
    when_empty = "Open a rule and press “Send test event…”; what you send is listed here."

    class Media:
        css = {"all": ["deliveries/trial.css"]}
        js = ["deliveries/trial.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Tests with the names they show and without any payload."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*trial_pages.ROW).defer("event__payload")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, each test with its result."""
        listed = super().get_changelist_instance(request)
        results = results_of(listed.result_list, now=timezone.now())
        for trial in listed.result_list:
            trial.result = results[trial.pk]
        return listed

    def row_buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """None: the part of the page that keeps itself fresh has the way to clean up."""
        return []

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may send tests may look at them."""
        return super().has_view_permission(request, obj) or request.user.has_perm(MAY_TEST)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same, for the sidebar."""
        return super().has_module_permission(request) or request.user.has_perm(MAY_TEST)

    def get_urls(self) -> list[URLPattern]:
        """The form and the live part, ahead of Django's own."""
        wrap = self.admin_site.admin_view
        mine = [
            path("rule/<uuid:rule_id>/", wrap(self.new_view), name="deliveries_trial_new"),
            path("<int:pk>/stages/", wrap(self.stages_view), name="deliveries_trial_stages"),
        ]
        return [*mine, *super().get_urls()]

    def page_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The test in words, stage by stage."""
        return trial_pages.story(request, row)

    def new_view(self, request: HttpRequest, rule_id: Any) -> HttpResponse:
        """The form on GET; send the test on POST."""
        if not request.user.has_perm(MAY_TEST):
            raise PermissionDenied
        rules = limited_to(Rule.objects.live(), request.user, path="workspace")
        rule = rules.select_related(*trying.RELATED).filter(pk=rule_id).first()
        if rule is None:
            raise Http404("There is no such rule.")
        page = trial_pages.form_page(request, rule)
        if request.method == "POST":
            trial = trial_pages.send(request, page)
            if trial is not None:
                by = audit.person(request.user)
                audit.note(Kind.PRESSED, by=by, about=trial, said="Sent a test event")
                return HttpResponseRedirect(with_back(displays.address(trial), back_of(request)))
        return self.own_page(request, "trial_new.html", title=f"Test of “{rule.name}”", page=page)

    def stages_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of a test's page that changes while somebody looks."""
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404("There is no such test.")
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        page = trial_pages.live(request, row, trial_pages.delivery_of(row))
        return TemplateResponse(request, "admin/deliveries/trial_live.html", {"page": page})

    @admin.display(description="Tested rule")
    def what(self, trial: Trial) -> str:
        """The rule by its name then."""
        return trial.rule_version.name

    @admin.display(description="Result")
    def result(self, trial: Any) -> SafeString:
        """Whether it passed, or where it stopped."""
        return format_html(CHIP, trial.result.tone, trial.result.words)

    @admin.display(description="Contact")
    def person(self, trial: Trial) -> SafeString | str:
        """Whose contact was tried."""
        return person_link(displays.person(trial.event), trial.event)

    @admin.display(description="Workspace")
    def workspace_name(self, trial: Trial) -> str:
        """The workspace by name."""
        return trial.workspace.name

    @admin.display(description="Sent")
    def sent(self, trial: Trial) -> str:
        """When it was sent."""
        return wording.moment(trial.created_at)

    @admin.display(description="Cleaned up")
    def cleaned_up(self, trial: Any) -> str:
        """When it was cleaned up, if it was and if there is anything to take back."""
        if trial.cleaned_at:
            return wording.moment(trial.cleaned_at)
        return "not yet" if trial.result.sent else "nothing to clean up"
