"""Every answer says what a browser may load for it."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from meshes.content_policy import ADMIN, DOCS, NOTHING, header_of

HEADER = "Content-Security-Policy"
INLINE = re.compile(
    r"<script(?![^>]*\b(?:src=|type=\"application/json\"))|\son[a-z]+=\"|javascript:"
)
LISTS = sorted(
    f"{table._meta.app_label}_{table._meta.model_name}" for table in admin.site._registry
)


@pytest.mark.parametrize("table", LISTS)
def test_every_list_of_the_admin_carries_the_policy_and_no_inline_script(table, staff) -> None:
    answer = staff.get(reverse(f"admin:{table}_changelist"))

    assert answer.headers[HEADER] == header_of(ADMIN)
    assert not INLINE.findall(answer.content.decode())


@pytest.mark.parametrize("address", ["/admin/login/", "/admin/nowhere/", "/admin/"])
def test_signing_in_and_being_lost_carry_it_too(address, client, db) -> None:
    assert client.get(address).headers[HEADER] == header_of(ADMIN)


def test_the_policy_lets_scripts_come_from_here_alone() -> None:
    assert ADMIN["script-src"] == "'self' 'unsafe-eval'"
    assert DOCS["script-src"] == "'self'"
    assert {policy["frame-ancestors"] for policy in (ADMIN, DOCS, NOTHING)} == {"'none'"}


def test_the_description_of_the_api_is_a_page_without_inline_scripts(client, db) -> None:
    page = client.get("/api/docs/")
    scripts = re.findall(r'<script src="([^"]*)"', page.content.decode())

    assert page.headers[HEADER] == header_of(DOCS)
    assert not INLINE.findall(page.content.decode())
    assert [script.rpartition("/")[2] for script in scripts] == ["swagger-ui-bundle.js", "docs.js"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/api/v1/events", "/api/schema/"])
def test_what_is_no_page_may_load_nothing(address, client, db) -> None:
    assert client.get(address).headers[HEADER] == header_of(NOTHING)


def test_pages_are_not_framed_not_guessed_at_and_tell_no_other_host(staff) -> None:
    headers = staff.get("/admin/").headers

    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
