"""Pages that lead back to where a person came from, by `?back=` in their address.

Only addresses of this site are followed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

STAYS = ("_continue", "_addanother", "_saveasnew", "_popup")


def back_of(request: HttpRequest) -> str:
    """Where the person came from and wants to return to, '' when nowhere is named."""
    asked = request.GET.get("back", "")
    return asked if asked and url_has_allowed_host_and_scheme(asked, allowed_hosts=None) else ""


def with_back(address: str, back: str) -> str:
    """The address, which then leads back there; as it is when there is no way back."""
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode({'back': back})}" if back else address


def returned(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The way back after a form was saved, where one is named; else the usual answer."""
    back = back_of(request)
    stays = any(name in request.POST for name in STAYS)
    return HttpResponseRedirect(back) if back and not stays else answer


class ReturningMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Forms of rows that lead back once they are saved."""

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kw: Any) -> HttpResponse:
        """Where the person came from, or the usual page."""
        return returned(request, super().response_add(request, obj, *args, **kw))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Where the person came from, or the usual page."""
        return returned(request, super().response_change(request, obj))
