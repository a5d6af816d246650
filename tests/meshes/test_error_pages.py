"""The pages that people see when something went wrong: what to do, and nothing of what was sent."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import Client
from django.urls import path, reverse
from pytest_django import DjangoAssertNumQueries

from meshes import urls
from meshes.content_policy import LOST

SECRET = "canary-alex@northstar.io"
ERRORS = {
    "missing": (Http404(SECRET), 404, "There is no such page"),
    "odd": (SuspiciousOperation(SECRET), 400, "This request cannot be answered"),
    "denied": (PermissionDenied(SECRET), 403, "You may not open this page"),
    "broken": (RuntimeError(SECRET), 500, "Something failed on our side"),
}


def fail(error):
    """A view that raises."""

    def view(request):
        raise error

    return view


urlpatterns = [
    *(path(f"admin/{name}/", fail(each[0])) for name, each in ERRORS.items()),
    *(path(f"api/{name}/", fail(each[0])) for name, each in ERRORS.items()),
    *urls.urlpatterns,
]


@pytest.fixture
def browser(settings) -> Client:
    """A client that gets the answer to what a view raises."""
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_a_page_that_leads_on_and_costs_no_query(
    name, browser, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, status, words = ERRORS[name]

    with django_assert_num_queries(0):
        answer = browser.get(f"/admin/{name}/")

    shown = answer.content.decode()
    assert answer.status_code == status
    assert words in shown
    assert f'href="{reverse("admin:index")}">Go to the overview</a>' in shown
    assert "error.css" in shown
    assert "canary" not in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_the_api_stays_json(name, browser) -> None:
    answer = browser.get(f"/api/{name}/")

    assert answer["Content-Type"] == "application/json"
    assert "canary" not in answer.content.decode()


def test_a_form_without_its_token_says_how_to_send_it_again() -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("admin:login"), {"username": SECRET})

    shown = answer.content.decode()
    assert answer.status_code == 403
    assert "go back, load it again and send it once more" in shown
    assert "canary" not in shown


def test_a_page_beyond_the_last_is_told_as_one(staff) -> None:
    answer = staff.get(reverse("admin:deliveries_delivery_changelist"), {"page": "99"})

    assert answer.status_code == 400
    assert "After an old link, start from the overview" in answer.content.decode()


def test_what_went_wrong_outside_the_admin_may_load_its_looks(client) -> None:
    answer = client.get("/nowhere")

    assert answer.status_code == 404
    assert answer["Content-Security-Policy"] == LOST
