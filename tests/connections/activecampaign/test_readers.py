"""What is read out of answers, odd ones included."""

import pytest

from connections.destinations.activecampaign import readers
from connections.destinations.activecampaign.readers import Found
from connections.destinations.base import CatalogItem
from tests.connections.activecampaign.script import EMAIL, contact


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ada@example.com", " ADA@Example.com ", True),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", True),
        ("ada@☃\u200d.example", "ada@☃\u200d.example", True),
        ("ada+lab@example.com", "ada@example.com", False),
        ("", "ada@example.com", False),
    ],
)
def test_two_spellings_of_one_mailbox_are_the_same(one, other, same):
    assert readers.same_email(one, other) is same


def test_only_the_short_shape_of_a_created_contact_is_brand_new():
    short = {"id": 5, "email": EMAIL, "cdate": "1", "udate": "1"}

    assert readers.synced({"contact": short}, status=201) == Found("5", EMAIL, brand_new=True)
    assert readers.synced({"contact": short}, status=200).brand_new is False
    assert readers.synced({"contact": contact()}, status=201).brand_new is False


def test_a_search_that_shows_strangers_finds_nobody():
    strangers = [contact("1", "eve@example.com"), "odd", contact("", EMAIL)]

    assert readers.found({"contacts": strangers}, email=EMAIL) is None
    assert readers.found({"contacts": [*strangers, contact()]}, email=EMAIL) == Found("482", EMAIL)


def test_a_write_that_shows_no_contact_shows_no_email():
    assert readers.shown_email({"contacts": []}) == readers.shown_email({}) == ""


@pytest.mark.parametrize(
    ("meta", "count"),
    [({"total": "12"}, 12), ({"total": 12}, 12), ({"total": None}, None), ([], None), ({}, None)],
)
def test_a_total_is_text_or_number_or_missing(meta, count):
    assert readers.total({"meta": meta}) == count


@pytest.mark.parametrize(
    ("links", "name"),
    [
        ({"lists": "https://acme.api-us1.com/api/3/users/1/lists"}, "acme"),
        ({"lists": "http://127.0.0.1:8002/api/3/users/1/lists"}, "127.0.0.1"),
        ({"lists": "", "configs": "https://crm.example/api/3/x"}, "crm.example"),
        ([], ""),
    ],
)
def test_the_account_is_named_after_its_host(links, name):
    assert readers.account_name({"user": {"id": "1", "links": links}}) == name


def test_tags_of_templates_are_no_tags_of_contacts():
    rows = [
        {"id": "1", "tag": "A", "tagType": "contact"},
        {"id": "2", "tag": "B", "tagType": "template"},
        {"id": "3", "tag": "C"},
        {"tag": "no id"},
    ]

    assert list(readers.tags({"tags": rows})) == [
        CatalogItem("tag", "1", "A"),
        CatalogItem("tag", "3", "C"),
    ]


def test_a_list_carries_its_string_id_and_channel():
    rows = [{"id": 3, "name": "News", "stringid": "news", "channel": "email"}, {"name": "no id"}]

    assert list(readers.lists({"lists": rows})) == [
        CatalogItem("list", "3", "News", detail={"stringid": "news", "channel": "email"})
    ]


def test_a_field_carries_its_type_and_its_options_in_order():
    options = [
        {"id": "5", "field": "8", "value": "Gold", "orderid": "1"},
        {"id": "6", "field": 8, "value": "Beta", "orderid": 0},
        {"id": "7", "field": "9", "value": "Other", "orderid": "0"},
        {"id": "x", "field": "8", "value": "", "orderid": None},
    ]
    rows = [{"id": "8", "title": "Plan", "type": "Dropdown", "perstag": "PLAN"}]

    assert list(readers.fields({"fields": rows, "fieldOptions": options})) == [
        CatalogItem(
            "field", "8", "Plan", "enum", ("Beta", "Gold"),
            {"perstag": "PLAN", "wire_type": "dropdown"},
        )
    ]  # fmt: skip


def test_a_field_of_an_old_account_without_a_type_is_text():
    (item,) = readers.fields({"fields": [{"id": "8", "title": "Plan", "type": None}]})

    assert (item.type, item.options) == ("string", ())
