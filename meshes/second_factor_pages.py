"""The pages of the second factor: give its code, set it up, take it away.

Secrets and recovery codes stand in the answer that makes them and nowhere else.
"""

from __future__ import annotations

from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from meshes import audit, second_factors, sign_in_tries, staff_sessions
from meshes.admin_returning import back_of
from meshes.audit import Kind
from meshes.sign_in_form import locked_message

WRONG = "This code does not open. Type the one that your app shows now, or a recovery code."
PAGES = ("GET", "POST")


class CodeForm(forms.Form):
    """A code from the app, or one of the recovery codes."""

    code = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}
        ),
    )


@require_http_methods(PAGES)
@never_cache
@sensitive_post_parameters("code")
def check(request: HttpRequest) -> HttpResponse:
    """Where somebody gives the second factor after the password."""
    factor = second_factors.confirmed(request.user)
    if factor is None:
        return redirect("admin:index")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and opens(request, form, factor):
        staff_sessions.factor_given(request, factor)
        audit.note(Kind.SIGN_IN, by=audit.person(request.user), said="Gave the second factor.")
        return redirect(back_of(request) or "admin:index")
    return _page(request, "check", title="Second factor", form=form)


@require_http_methods(PAGES)
@never_cache
@sensitive_post_parameters("code")
def own(request: HttpRequest) -> HttpResponse:
    """Where a person sets up their second factor, or takes it away."""
    if request.method == "POST":
        wanted = request.POST.get("do", "")
        factor = second_factors.confirmed(request.user)
        acts = WITH_FACTOR if factor is not None else WITHOUT_FACTOR
        if wanted in acts:
            return acts[wanted](request)
    return _own_page(request)


def opens(request: HttpRequest, form: Any, factor: Any) -> bool:
    """Whether the code opens; a wrong one, or one too many, is an error of the form."""
    now, name = timezone.now(), sign_in_tries.code_of(request.user)
    counted = sign_in_tries.count(name, address="", now=now)
    if counted.locked:
        if counted.first:
            audit.note(Kind.LOCKED, by=audit.person(request.user), said="Second factor.")
        form.add_error("code", locked_message())
        return False
    if not second_factors.passes(factor, form.cleaned_data["code"], now=now):
        audit.note(Kind.FAILED, by=audit.person(request.user), said="Second factor.")
        form.add_error("code", WRONG)
        return False
    sign_in_tries.passed(name, address="")
    return True


def _start(request: HttpRequest) -> HttpResponse:
    return _picture(request, second_factors.begin(request.user))


def _confirm(request: HttpRequest) -> HttpResponse:
    factor: Any = getattr(request.user, "second_factor", None)
    form = CodeForm(request.POST)
    if factor is None:
        return _own_page(request)
    if not form.is_valid():
        return _picture(request, factor, form)
    try:
        codes = second_factors.confirm(factor, form.cleaned_data["code"], now=timezone.now())
    except second_factors.WrongCode as error:
        form.add_error("code", str(error))
        return _picture(request, factor, form)
    factor.refresh_from_db()
    staff_sessions.factor_given(request, factor)
    _noted(request, "Set up.")
    return _codes_page(request, codes)


def _new_codes(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    factor: Any = second_factors.confirmed(request.user)
    if not (form.is_valid() and opens(request, form, factor)):
        return _own_page(request, form)
    codes = second_factors.new_recovery_codes(factor)
    _noted(request, "New recovery codes.")
    return _codes_page(request, codes)


def _off(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    factor = second_factors.confirmed(request.user)
    if not (form.is_valid() and opens(request, form, factor)):
        return _own_page(request, form)
    second_factors.remove(request.user)
    _noted(request, "Switched off.")
    messages.success(request, "The second factor is off; your password alone opens from now on.")
    return HttpResponseRedirect(reverse("second-factor"))


WITHOUT_FACTOR = {"start": _start, "confirm": _confirm}
WITH_FACTOR = {"codes": _new_codes, "off": _off}


def _noted(request: HttpRequest, said: str) -> None:
    audit.note(Kind.FACTOR, by=audit.person(request.user), said=said)


def _own_page(request: HttpRequest, form: Any = None) -> HttpResponse:
    factor = second_factors.confirmed(request.user)
    left = factor.recovery_codes.filter(used_at=None).count() if factor else 0
    shown = {"factor": factor, "left": left, "form": form or CodeForm()}
    shown["required"] = settings.SIGN_IN.second_factor_required
    return _page(request, "own", title="Second factor", **shown)


def _picture(request: HttpRequest, factor: Any, form: Any = None) -> HttpResponse:
    picture = segno.make(second_factors.address(factor), error="m")
    shown = {"picture": picture.png_data_uri(scale=5, border=3), "form": form or CodeForm()}
    shown["secret"] = _spaced(factor.secret.open())
    return _page(request, "picture", title="Second factor", **shown)


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return _page(request, "codes", title="Recovery codes", codes=codes)


def _page(request: HttpRequest, name: str, **more: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), **more}
    return TemplateResponse(request, f"admin/second_factor/{name}.html", context)


def _spaced(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
