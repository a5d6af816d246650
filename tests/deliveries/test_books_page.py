"""The page of the books tells in words whether they balance, since when, and what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from deliveries.books import check_books
from deliveries.models import BooksCheck, Delivery
from meshes.models import Membership
from tests.builders import make_delivery, make_event, make_rule, make_workspace
from tests.deliveries.olden import old_event, remove_now
from tests.deliveries.pages import listed, page, text_of, viewer
from tests.deliveries.test_erasure_pages import words_of

pytestmark = pytest.mark.django_db


def books_of(client) -> str:
    """What the page says."""
    return words_of(client.get(listed(BooksCheck)))


def test_before_the_first_recount_it_says_what_to_do(staff):
    assert "If nothing stands here after that, start a worker" in books_of(staff)


def test_figures_stand_there_in_words(staff):
    rule = make_rule()
    old_event(rule)
    remove_now()
    make_delivery(make_event(workspace=rule.workspace), rule, held_reason="tag_not_found")
    make_event(workspace=rule.workspace)
    check_books(timezone.now())

    words = books_of(staff)

    assert "The books balance balanced since" in words
    assert "Accepted events: 2 1 matched a rule 1 matched none" in words
    assert "1 more were removed because of their age, which makes 3 ever." in words
    assert "Deliveries: 1 0 delivered 0 waiting, in flight or to be tried again 1 held" in words


def test_what_does_not_agree_stands_there_with_the_next_step(staff):
    rule = make_rule()
    make_delivery(make_event(workspace=rule.workspace), rule)
    Delivery.objects.all().delete()
    check_books(timezone.now())

    words = books_of(staff)

    assert "The books do not balance" in words
    assert "There are 1 rules that events matched, but 0 deliveries." in words
    assert "python manage.py verify" in words


def test_a_recount_has_no_page_of_its_own(staff):
    row = BooksCheck.objects.create(checked_at=timezone.now(), balanced=True, figures={})

    answer = staff.get(page(row))

    assert (answer.status_code, answer.headers["Location"]) == (302, listed(BooksCheck).rstrip("?"))


def test_only_who_sees_the_deliveries_of_all_workspaces_sees_the_books():
    check_books(timezone.now() - timedelta(minutes=1))
    client = viewer("view_delivery")
    assert "The books balance" in text_of(client, listed(BooksCheck))

    membership = Membership.objects.create(user=User.objects.get(username="viewer"))
    membership.workspaces.add(make_workspace())

    assert client.get(listed(BooksCheck)).status_code == 403


def test_nobody_sees_the_books_without_a_permission():
    assert viewer().get(listed(BooksCheck)).status_code == 403
