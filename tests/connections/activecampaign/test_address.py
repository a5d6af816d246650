"""What people paste as the API URL and key, and what is kept."""

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.errors import Misconfigured


def normalized(url, **over):
    return DESTINATION.normalize({"api_url": url, **over.pop("also", {})}, **over)["api_url"]


@pytest.mark.parametrize(
    "pasted",
    [
        "https://acme.api-us1.com",
        "  https://acme.api-us1.com/ ",
        "https://acme.api-us1.com/api/3",
        "https://acme.api-us1.com/api/3/",
        "HTTPS://Acme.API-us1.com:443",
        "https://acme.api-us1.com./",
    ],
)
def test_every_usual_spelling_is_one_account(pasted):
    stored = DESTINATION.normalize({"api_url": pasted})

    assert stored == {"api_url": "https://acme.api-us1.com"}
    assert DESTINATION.account_key(stored) == "acme.api-us1.com"
    assert DESTINATION.api_base(stored) == "https://acme.api-us1.com/api/3"


def test_a_port_of_its_own_belongs_to_the_account():
    stored = DESTINATION.normalize({"api_url": "https://acme.example.com:8443"})

    assert DESTINATION.account_key(stored) == "acme.example.com:8443"


def test_an_international_name_is_stored_in_ascii():
    assert normalized("https://Bücher.example") == "https://xn--bcher-kva.example"


def test_a_key_pasted_beside_the_url_is_not_kept():
    assert DESTINATION.normalize({"api_url": "https://a.example", "api_key": "s"}) == {
        "api_url": "https://a.example"
    }


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ("", "This is not a complete URL."),
        ("acme.api-us1.com", "This is not a complete URL."),
        ("https://", "This is not a complete URL."),
        ("https://a.example:99999", "This is not a complete URL."),
        ("https://a.example:0", "This is not a complete URL."),
        ("https://[::1", "This is not a complete URL."),
        ("http://acme.api-us1.com", "The API URL must start with https://."),
        ("ftp://acme.api-us1.com", "The API URL must start with https://."),
        ("https://ada@acme.example", "The API URL must not contain a user name or password."),
        ("https://ada:pw@acme.example", "The API URL must not contain a user name or password."),
        ("https://acme.example/?a=1", "The API URL must end after the host name."),
        ("https://acme.example/?", "The API URL must end after the host name."),
        ("https://acme.example/#top", "The API URL must end after the host name."),
        ("https://acme.example/api/2", "The API URL must have no path other than /api/3."),
        ("https://acme.example/admin/", "The API URL must have no path other than /api/3."),
        ("https://acme .example", "The API URL contains blanks or control characters."),
        ("https://acme\x00.example", "The API URL contains blanks or control characters."),
        ("https://acme.example\\@evil.example", "The API URL contains blanks or control"),
        ("https://acme..example", "The host name of the API URL is not a valid name."),
        ("https://-acme.example", "The host name of the API URL is not a valid name."),
        ("https://ac*me.example", "The host name of the API URL is not a valid name."),
        ("https://☃\u200d.example", "The host name of the API URL is not a valid name."),
        ("https://127.0.0.1", "The API URL points to a private or reserved address."),
        ("https://[::1]", "The API URL points to a private or reserved address."),
        ("https://acme.activehosted.com", "Addresses ending in activehosted.com are for people"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(pasted, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is compared
        normalized(pasted)

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8002", "http://localhost:8002", "http://[::1]:8002"]
)
def test_a_local_stand_in_is_accepted_only_where_private_addresses_are(url):
    assert normalized(url, allow_private=True) == url
    with pytest.raises(ValueError, match="https"):
        normalized(url)


def test_the_key_stands_in_the_headers_without_blanks():
    assert DESTINATION.headers({"api_key": " 0123abcd\n"}) == {
        "Api-Token": "0123abcd",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }


@pytest.mark.parametrize("key", [None, "", "  ", "ab\r\nX-Evil: 1", "ab cd", "schlüssel", "a\x00b"])
def test_a_key_that_no_header_can_carry_is_refused(key):
    secrets = {} if key is None else {"api_key": key}

    with pytest.raises(Misconfigured) as caught:
        DESTINATION.headers(secrets)

    assert caught.value.reason == "api_key_malformed"
    assert str(key).strip() not in str(caught.value) or not str(key or "").strip()
