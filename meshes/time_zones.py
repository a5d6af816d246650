"""Shows times in the viewer's zone on the staff's pages; UTC for everyone else."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from meshes.models import Membership
from meshes.moments import NamedZone


class ViewerTimeZoneMiddleware:
    """Activates the signed-in person's time zone while a staff page is made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(zone_of(request)):
            return self.get_response(request)


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo:
    """The time zone of the person who asks, UTC when none is set or known."""
    name = None
    if request.user.is_authenticated:
        memberships = Membership.objects.filter(user_id=request.user.pk)
        name = memberships.values_list("time_zone", flat=True).first()
    try:
        return NamedZone(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return NamedZone("UTC")
