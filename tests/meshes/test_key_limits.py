"""What people write as a key's limits, in the spelling that requests are held against."""

from __future__ import annotations

import pytest

from meshes.api_errors import Forbidden
from meshes.key_limits import NotUsable, events_of, origins_of, require_origin


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("HTTPS://App.Example.COM:443", "https://app.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_kept_as_browsers_spell_it(written, spelled):
    assert origins_of(written) == spelled


def test_empty_lines_space_and_repeats_are_left_out():
    assert origins_of(" https://a.example \r\n\r\nhttps://a.example/\nhttps://b.example") == (
        "https://a.example\nhttps://b.example"
    )
    assert events_of("page.completed\r\n\n page.started \npage.completed") == (
        "page.completed\npage.started"
    )
    assert origins_of(" \n") == events_of("") == ""


@pytest.mark.parametrize(
    "written",
    [
        "app.example.com",
        "*",
        "null",
        "https://",
        "https://*.example.com",
        "https://a.example/shop",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://kim@a.example",
        "https://a.example:port",
        "https://a.example:99999",
        "ftp://a.example",
        "https://a..example",
        "https://[::1",
        "https://a.example https://b.example",
    ],
)
def test_what_is_no_origin_is_refused_with_an_example(written):
    with pytest.raises(NotUsable, match=r"write it as https://www\.example\.com"):
        origins_of(written)


def test_too_many_lines_and_too_long_names_are_refused():
    with pytest.raises(NotUsable, match="at most 100 lines"):
        events_of("\n".join(map(str, range(101))))
    with pytest.raises(NotUsable, match="at most 200 characters"):
        events_of("n" * 201)


@pytest.mark.parametrize("origin", ["", "null", "https://b.example", "https://a.example.evil.io"])
def test_only_an_origin_of_the_list_gets_through(origin):
    allowed = "https://a.example\nhttp://localhost:3000"

    require_origin("https://a.example", allowed)
    require_origin("http://localhost:3000", allowed)
    with pytest.raises(Forbidden):
        require_origin(origin, allowed)
