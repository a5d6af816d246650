"""Who looked at the payload of which event."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from meshes.models import Workspace


class PayloadLook(models.Model):
    """One look of a person of the staff, or by a machine key, at what an event carried.

    Shape: `by_id` is the person's; 0 for a key, which `by` names.
    Why: without a foreign key, so that it outlives the event.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    event_uuid = models.UUIDField()
    by = models.CharField(max_length=200)
    by_id = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ("view",)
        indexes = [models.Index(fields=["event_uuid"], name="payload_look_by_event")]

    def __str__(self) -> str:
        return f"{self.by} looked at event {self.event_uuid}"
