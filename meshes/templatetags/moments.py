"""Times in templates: `{% load moments %}`, then `{{ row.created_at|moment }}`."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from meshes import moments

register = template.Library()


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """The time in the viewer's zone to the minute, as machines read it, too; empty for None."""
    return _marked(value, moments.moment(value)) if value else ""


@register.filter
def exact_moment(value: datetime | None) -> SafeString | str:
    """The same to the second."""
    return _marked(value, moments.moment(value, seconds=True)) if value else ""


def _marked(value: datetime, text: str) -> SafeString:
    iso = value.isoformat(timespec="seconds")
    return format_html('<time datetime="{}">{}</time>', iso, text)
