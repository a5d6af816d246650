"""A server on the open internet, as Django's own check for deployments sees it."""

from __future__ import annotations

import pytest

from meshes import transport
from tests.meshes.test_settings import FERNET, MANAGE, SECRET, started

PUBLIC = {
    "SECRET_KEY": SECRET,
    "CREDENTIAL_KEYS": FERNET,
    "PUBLIC_URL": "https://meshes.example.com",
    "ALLOWED_HOSTS": "meshes.example.com",
    "TRUSTED_PROXIES": "1",
}


def test_a_public_server_gives_nothing_to_point_out() -> None:
    ended = started([*MANAGE, "--deploy", "--fail-level", "WARNING"], **PUBLIC)

    assert ended.returncode == 0, ended.stderr
    assert "no issues" in ended.stdout


def test_a_public_server_that_trusts_no_proxy_is_told_so() -> None:
    ended = started([*MANAGE, "--deploy"], **{**PUBLIC, "TRUSTED_PROXIES": "0"})

    assert "meshes.W006" in ended.stderr
    assert "TRUSTED_PROXIES=1" in ended.stderr


@pytest.mark.django_db
def test_pages_are_sent_on_to_https_and_the_api_is_not(client, settings) -> None:
    for name, value in transport.settings_for(https=True).items():
        setattr(settings, name, value)

    page = client.get("/admin/login/")
    behind_proxy = client.get("/admin/login/", headers={"X-Forwarded-Proto": "https"})

    assert (page.status_code, page.url) == (301, "https://testserver/admin/login/")
    assert behind_proxy.status_code == 200
    assert behind_proxy.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert behind_proxy.cookies["csrftoken"]["secure"]
    assert client.get("/healthz").status_code == 200
    assert client.post("/api/v1/events", {}, "application/json").status_code == 401
