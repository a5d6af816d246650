"""What people and language models read about the API: the docs page and `llms.txt`."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

LLMS_TXT = settings.BASE_DIR / "docs" / "llms.txt"


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI from our own files, with a form that signs what is tried out."""
    return render(request, "api/docs.html")


@require_safe
def llms_txt(request: HttpRequest) -> HttpResponse:
    """The API and its concepts for language models, as plain text."""
    return HttpResponse(LLMS_TXT.read_text(), content_type="text/plain; charset=utf-8")
