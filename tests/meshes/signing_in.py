"""People who sign in by the page, with and without an app that shows codes."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from meshes import second_factors
from meshes.models import AuditEntry, SecondFactor

LOGIN = "/admin/login/"
PASSWORD = "canary-password-58210"
LOCKED = "Too many tries: wait 15 minutes, or ask the operator of this server to unlock you."


def make_person(name: str = "kim", **over: Any) -> User:
    return User.objects.create_superuser(name, password=PASSWORD, **over)


def sign_in(name: str = "kim", password: str = PASSWORD, **more: Any) -> tuple[Client, Any]:
    """A fresh browser after posting the sign-in page, and the answer."""
    browser = Client()
    given = {"username": name, "password": password, "next": "/admin/"}
    return browser, browser.post(LOGIN, given, **more)


def is_in(browser: Client) -> bool:
    """Whether the browser gets to the first page of the admin."""
    return browser.get("/admin/").status_code == 200


def make_factor(person: User) -> tuple[SecondFactor, list[str]]:
    """The person's confirmed factor and its recovery codes; the code of now is used up."""
    factor = second_factors.begin(person)
    codes = second_factors.confirm(factor, code_of(factor), now=timezone.now())
    factor.refresh_from_db()
    return factor, codes


def code_of(factor: SecondFactor, *, later_s: int = 0) -> str:
    """What the app shows."""
    return second_factors._totp(factor).generate(int(time.time()) + later_s).decode()


def told(**which: Any) -> list[tuple[str, str]]:
    """Kinds of the audit's entries and whose they are, oldest first."""
    rows = AuditEntry.objects.filter(**which).order_by("id")
    return list(rows.values_list("kind", "by"))
