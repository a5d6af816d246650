"""Addresses that no destination may have, in every spelling that somebody could try.

Shape: each as it stands in a URL, without brackets around IPv6.
"""

from __future__ import annotations

IPV4 = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
    168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1
    192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255
    198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
""".split()
"""This network, private, shared, loopback, link-local, metadata, documentation, multicast."""

ODD_IPV4 = """
    127.1 127.0.1 0 1 10.1 192.168.257 2130706433 017700000001 0x7f000001 0X7F000001 0x7f.1
    0x7f.0x0.0x0.0x1 0177.0.0.1 0177.1 0177.0.0.01 127.0.0.01 127.0.0.0x1 00000000.0 2852039166
    0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0251.0376.0251.0376 169.254.43518 167772161 3232235521
    0xc0a80001 127.0.0.1. 127.1. 169.254.169.254.
""".split()
"""Short, decimal, octal, hexadecimal, mixed, and with the dot of a full name."""

WIDE_IPV4 = """
    ①②⑦.⓪.⓪.① 127。0。0。1 １２７.０.０.１ 169．254．169．254 𝟏𝟐𝟕.𝟎.𝟎.𝟏 １27.1
""".split()
"""Digits and dots that become plain ones when a name is prepared."""

IPV6 = """
    :: ::1 0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 ::0001 fc00::1 fd00:ec2::254
    fd20:ce::254 fe80::1 febf::1 fec0::1 ff02::1 ff05::1:3 100::1 2001:db8::1 3fff::1 5f00::1
    2001:2::1 2001:10::1 2001:20::1
""".split()
"""Unspecified, loopback, unique local, metadata, link-local, multicast, documentation."""

IPV4_IN_IPV6 = """
    ::127.0.0.1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::FFFF:10.0.0.1 ::ffff:169.254.169.254
    ::ffff:a9fe:a9fe ::ffff:0:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::7f00:1
    64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::10.0.0.1 2002:7f00:1:: 2002:a00:1::1
    2002:a9fe:a9fe::1 2001::1 2001:0:4136:e378:8000:63bf:80ff:fffe 2001:0:7f00:1::
""".split()
"""Compatible, mapped, translated, NAT64, 6to4 and Teredo."""

ZONES = "::1%1 fe80::1%1 fe80::1%25lo 2606:4700::1111%1".split()
"""Zones of this machine's own network."""

OWN_NAMES = """
    localhost LOCALHOST localhost. sub.localhost ip6-localhost printer.local metadata
    metadata.google.internal router.home.arpa
""".split()
"""Names that mean this machine or its network, whatever they resolve to."""

PLAIN = [*IPV4, *IPV6, *IPV4_IN_IPV6]
DIALED = [host for host in (*PLAIN, *ODD_IPV4, *WIDE_IPV4) if not host.endswith(".")]
"""Those that no name server is asked about."""
ALL = [*PLAIN, *ODD_IPV4, *WIDE_IPV4, *ZONES, *OWN_NAMES]


def url(host: str) -> str:
    """The address as somebody would type it for an account."""
    return f"https://[{host}]" if ":" in host else f"https://{host}"
