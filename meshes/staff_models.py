"""How people of the staff sign in, and what they and others did: tables beside `meshes.models`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from meshes.encryption import SealedField


class SecondFactor(models.Model):
    """The app on a person's phone that shows a code to sign in with.

    Shape: it counts from `confirmed_at` on; `last_step` is the time step of the
    last code that was used, so that none opens twice.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor"
    )
    secret = SealedField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Second factor of {self.user}"


class RecoveryCode(models.Model):
    """One code that stands in for the phone, once; only its digest is kept."""

    factor = models.ForeignKey(
        SecondFactor, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return "Recovery code"


class SignInTries(models.Model):
    """How often somebody tried to sign in, by a digest of what is counted.

    Shape: `name` is the digest of the user name that was typed, '' for an
    address; neither can be read back.
    """

    key = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=64, default="", db_index=True)
    tries = models.IntegerField()
    began_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.tries} tries"


class AuditEntry(models.Model):
    """That somebody did something: who, when, what, and to which row.

    Shape: `by_id` is the person's, 0 for a key, a command or a name that nobody
    has. Only added to. Without foreign keys to what it tells of, so that it outlives it.
    """

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", "Signed in"
        SIGN_OUT = "sign_out", "Signed out"
        FAILED = "sign_in_failed", "Failed to sign in"
        LOCKED = "sign_in_locked", "Locked out"
        ENDED = "session_ended", "Sessions ended"
        PASSWORD = "password", "Password changed"
        FACTOR = "second_factor", "Second factor"
        ADDED = "added", "Added"
        CHANGED = "changed", "Changed"
        DELETED = "deleted", "Deleted"
        PRESSED = "pressed", "Acted"
        LOOKED = "looked", "Looked at a payload"
        API = "api", "Asked through the API"
        COMMAND = "command", "Ran a command"

    created_at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=20, choices=Kind)
    by = models.CharField(max_length=200)
    by_id = models.BigIntegerField(default=0)
    about = models.CharField(max_length=100, default="")
    row_id = models.CharField(max_length=64, default="")
    row = models.CharField(max_length=200, default="")
    said = models.CharField(max_length=300, default="")
    workspace = models.ForeignKey(
        "meshes.Workspace", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["workspace", "id"], name="audit_by_workspace"),
            models.Index(fields=["kind", "id"], name="audit_by_kind"),
            models.Index(fields=["by", "id"], name="audit_by_person"),
            models.Index(fields=["row_id", "id"], name="audit_by_row"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.row or self.by}"
