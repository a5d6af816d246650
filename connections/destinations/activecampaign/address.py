"""The account's address and key as people paste them, and what is kept of them.

Source: ActiveCampaign API v3 reference, section 1 (base URL, headers, authentication).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import idna

from connections.destinations.dialing import Address, refused

API_PATH = "/api/3"
WHERE_TO_FIND = "Copy the URL shown in ActiveCampaign under Settings, then Developer."
DEFAULT_PORTS = {"https": 443, "http": 80}
PRIVATE = "The API URL points to a private or reserved address."
OWN_NETWORK = ("localhost", "local", "internal", "home.arpa")
"""Domains that never leave a network of one's own (RFC 6761, 6762, 8375)."""

_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


def normalized(metadata: Mapping[str, str], *, allow_private: bool) -> dict[str, str]:
    """The metadata with `api_url` as scheme and host only.

    Shape: other keys are dropped, so that a key pasted here is not kept.
    Raises: ValueError with a sentence for the person who typed the URL.
    """
    url = _parsed(metadata.get("api_url", ""))
    _check_scheme(url, allow_private=allow_private)
    _check_parts(url)
    host = _host(url, allow_private=allow_private)
    port = "" if url.port in (None, DEFAULT_PORTS[url.scheme]) else f":{url.port}"
    return {"api_url": f"{url.scheme}://{host}{port}"}


def account_key(metadata: Mapping[str, str]) -> str:
    """The API host, with its port when that is not the default one."""
    return urlsplit(metadata["api_url"]).netloc


def api_base(metadata: Mapping[str, str]) -> str:
    """The URL that request paths are appended to."""
    return metadata["api_url"].rstrip("/") + API_PATH


def checked_key(key: str) -> str:
    """The API key without surrounding blanks.

    Raises: ValueError when it is empty or cannot stand in a header.
    """
    key = key.strip()
    if not key:
        raise ValueError(f"Enter the API key. {WHERE_TO_FIND.replace('URL', 'key')}")
    if not all("!" <= character <= "~" for character in key):
        raise ValueError("The API key contains blanks or characters that no key has; copy it anew.")
    return key


def _parsed(text: str) -> SplitResult:
    text = text.strip()
    if any(character <= " " or character == "\x7f" for character in text) or "\\" in text:
        raise ValueError(f"The API URL contains blanks or control characters. {WHERE_TO_FIND}")
    if "?" in text or "#" in text:
        raise ValueError(f"The API URL must end after the host name. {WHERE_TO_FIND}")
    try:
        url = urlsplit(text)
        port_is_valid = url.port != 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or not url.hostname:
        raise ValueError(f"This is not a complete URL. {WHERE_TO_FIND}")
    return url


def _check_scheme(url: SplitResult, *, allow_private: bool) -> None:
    if url.scheme == "https" or (url.scheme == "http" and allow_private):
        return
    raise ValueError("The API URL must start with https://.")


def _check_parts(url: SplitResult) -> None:
    if "@" in url.netloc:
        raise ValueError("The API URL must not contain a user name or password.")
    if url.path.rstrip("/") not in ("", API_PATH):
        raise ValueError(f"The API URL must have no path other than {API_PATH}. {WHERE_TO_FIND}")


def _host(url: SplitResult, *, allow_private: bool) -> str:
    # An address may hide in wide digits and dots, so its name is spelled plainly first.
    host = _spelled(str(url.hostname))
    ip = _address(host, in_brackets="[" in url.netloc)
    if not allow_private and (refused(host) if ip else _is_own_network(host)):
        raise ValueError(PRIVATE)
    if ip is None:
        return _name(host)
    return f"[{ip.compressed}]" if ip.version == 6 else str(ip)


def _spelled(host: str) -> str:
    try:
        plain = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError("The host name of the API URL is not a valid name.") from None
    return plain.lower().rstrip(".")


def _address(host: str, *, in_brackets: bool) -> Address | None:
    if "%" in host and in_brackets:
        raise ValueError("The API URL must not name a zone of this machine's own network.")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if in_brackets:
            raise ValueError(f"This is not a complete URL. {WHERE_TO_FIND}") from None
        return None


def _is_own_network(name: str) -> bool:
    return "." not in name or name.endswith(tuple(f".{domain}" for domain in OWN_NETWORK))


def _name(name: str) -> str:
    labels = name.split(".")
    if not all(_is_label(label) for label in labels):
        raise ValueError("The host name of the API URL is not a valid name.")
    if _NUMBER.fullmatch(labels[-1]):
        # 127.1, 0x7f.1 and 2130706433 are addresses to whoever opens the connection.
        raise ValueError("The API URL spells an IP address in an unusual way; enter a host name.")
    if labels[-2:] == ["activehosted", "com"]:
        raise ValueError(
            "Addresses ending in activehosted.com are for people, not for programs. "
            + WHERE_TO_FIND
        )
    return name


def _is_label(label: str) -> bool:
    allowed = label.replace("-", "").replace("_", "").isalnum()
    return 0 < len(label) <= 63 and allowed and not label.startswith("-")
