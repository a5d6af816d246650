"""What an operator may set about signing in to the admin."""

from __future__ import annotations

from typing import Any, NamedTuple

from meshes.environment import Environment

VALIDATORS = (
    "django.contrib.auth.password_validation.MinimumLengthValidator",
    "django.contrib.auth.password_validation.CommonPasswordValidator",
    "django.contrib.auth.password_validation.NumericPasswordValidator",
    "meshes.password_records.PasswordChangesAreRecorded",
)


class SignInSettings(NamedTuple):
    """How people of the staff sign in, and for how long.

    Units: `tries` within `lock_minutes`, for one name from one address; hours.
    Shape: `proxies` is how many servers of ours stand before this one and add
    to X-Forwarded-For.
    """

    tries: int
    lock_minutes: int
    second_factor_required: bool
    idle_hours: float
    longest_hours: float
    proxies: int


def read(env: Environment) -> SignInSettings:
    """The settings as the environment has them."""
    return SignInSettings(
        tries=env.int("SIGN_IN_TRIES", 10),
        lock_minutes=env.int("SIGN_IN_LOCK_MINUTES", 15),
        second_factor_required=env.bool("REQUIRE_SECOND_FACTOR", False),
        idle_hours=env.float("SESSION_IDLE_HOURS", 12.0),
        longest_hours=env.float("SESSION_LONGEST_HOURS", 168.0),
        proxies=env.int("TRUSTED_PROXIES", 0),
    )


def for_django(settings: SignInSettings) -> dict[str, Any]:
    """What Django is told of it, by Django's names."""
    return {
        "AUTHENTICATION_BACKENDS": ["meshes.staff_backend.StaffBackend"],
        "AUTH_PASSWORD_VALIDATORS": [{"NAME": name} for name in VALIDATORS],
        "SESSION_COOKIE_AGE": int(settings.longest_hours * 3_600),
    }
