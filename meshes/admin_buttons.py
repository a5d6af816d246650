"""Buttons that change a row's state: asked for on a page of their own, done by POST.

Works with and without the theme. A button calls one verb and says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from meshes import audit
from meshes.admin_returning import back_of
from meshes.audit import Kind

Act = Callable[[HttpRequest, Any, Mapping[str, Any]], str]


class Warned(str):
    """What a button did as a sentence that is shown as a warning, not as a success."""

    __slots__ = ()


def _always(_row: Any) -> bool:
    return True


def _nothing(_row: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Button:
    """One state change of a row.

    Shape: `question` may name the row as {row}; `act` gets the request, the
    row and the cleaned form and returns the sentence that says what happened,
    `Warned` where a person should look; `refusals` are the errors whose text is
    shown instead. A `template` that
    extends the usual page may show more of the row, prepared by `about`.
    """

    name: str
    label: str
    question: str
    act: Act
    form: type[forms.Form] | None = None
    shown: Callable[[Any], bool] = _always
    permission: str = "change"
    danger: bool = False
    refusals: tuple[type[Exception], ...] = ()
    about: Callable[[Any], Mapping[str, Any]] = _nothing
    template: str = "admin/confirm_button.html"

    @property
    def opener(self) -> str:
        """The label where a press only leads to the question."""
        return f"{self.label}…"


class ButtonsMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds `buttons` to the change page of a row."""

    buttons: Sequence[Button] = ()
    change_form_template = "admin/with_buttons.html"

    def get_urls(self) -> list[URLPattern]:
        """The pages of the buttons, before Django's own."""
        view = self.admin_site.admin_view(self.button_view)
        mine = path("<path:object_id>/do/<slug:name>/", view, name=self._button_address())
        return [mine, *super().get_urls()]

    def button_url(self, row: Any, name: str) -> str:
        """The address of the page that asks before the button acts."""
        return reverse(f"{self.admin_site.name}:{self._button_address()}", args=[row.pk, name])

    def row_buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """The buttons that fit the row's state, each with `label`, `danger` and `url`."""
        return [
            {
                "label": button.opener,
                "danger": button.danger,
                "url": self.button_url(row, button.name),
            }
            for button in self.buttons
            if button.shown(row) and self._may(request, row, button)
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The page of a row with its buttons, unless the context has chosen among them."""
        row = kwargs.get("obj")
        if row is not None and "row_buttons" not in context:
            context["row_buttons"] = self.row_buttons(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def button_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask on GET, act on POST."""
        row = self.get_object(request, object_id)
        button = next((button for button in self.buttons if button.name == name), None)
        if row is None or button is None:
            raise Http404("There is no such row or button.")
        if not self._may(request, row, button):
            raise PermissionDenied
        if not button.shown(row):
            self.message_user(request, "This no longer applies.", messages.WARNING)
            return self._back(request, row)
        form = (button.form or forms.Form)(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._press(request, row, button, form.cleaned_data)
            return self._back(request, row)
        return self._ask(request, row, button, form)

    def _press(
        self, request: HttpRequest, row: Any, button: Button, values: Mapping[str, Any]
    ) -> None:
        try:
            said = button.act(request, row, values)
        except button.refusals as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        audit.note(Kind.PRESSED, by=audit.person(request.user), about=row, said=button.label)
        level = messages.WARNING if isinstance(said, Warned) else messages.SUCCESS
        self.message_user(request, said, level)

    def _ask(
        self, request: HttpRequest, row: Any, button: Button, form: forms.Form
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": row,
            "title": button.label,
            "question": button.question.format(row=row),
            "button": button,
            "form": form,
            "back": self._back_address(request, row),
            "media": self.media,
            "about": button.about(row),
        }
        return TemplateResponse(request, button.template, context)

    def _back(self, request: HttpRequest, row: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(self._back_address(request, row))

    def _back_address(self, request: HttpRequest, row: Any) -> str:
        if back := back_of(request):
            return back
        opts = self.model._meta
        page = f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}_change"
        return reverse(page, args=[row.pk])

    def _button_address(self) -> str:
        opts = self.model._meta
        return f"{opts.app_label}_{opts.model_name}_button"

    def _may(self, request: HttpRequest, row: Any, button: Button) -> bool:
        ask = getattr(self, f"has_{button.permission}_permission", None)
        if callable(ask):
            return bool(ask(request, row))
        return bool(request.user.has_perm(button.permission))
