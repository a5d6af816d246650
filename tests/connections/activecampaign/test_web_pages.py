"""Addresses of the account's own pages: for hosted accounts only, and never broken by an id."""

from __future__ import annotations

import pytest

from connections.destinations.activecampaign.web_pages import web_page

ACME = {"api_url": "https://acme.api-us1.com"}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("contact", "/app/contacts/77"),
        ("tag", "/app/contacts/?tagid=77"),
        ("list", "/app/contacts/?listid=77"),
    ],
)
def test_a_hosted_account_has_pages(kind: str, path: str) -> None:
    found = web_page(ACME, kind=kind, external_id="77")

    assert found == f"https://acme.activehosted.com{path}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8311", "https://ac.example.org", ""])
def test_other_addresses_have_none(url: str) -> None:
    assert web_page({"api_url": url}, kind="contact", external_id="77") == ""


def test_nothing_is_linked_without_an_id_or_for_another_kind() -> None:
    assert web_page(ACME, kind="contact", external_id="") == ""
    assert web_page(ACME, kind="field", external_id="7") == ""
    assert web_page(ACME, kind="tag", external_id="7/&x") == (
        "https://acme.activehosted.com/app/contacts/?tagid=7%2F%26x"
    )
