"""JSON as no honest program writes it: numbers that are none, doubled keys, broken bytes."""

from __future__ import annotations

TOKENS = [
    text.encode("utf-8", "surrogatepass")
    for text in (
        *"1e999 -1e999 NaN Infinity -Infinity 1E+0000000000000000400 0.1e-99999 -0.0".split(),
        *"1e-400 5e-324 01 1. .5 +1 0x10 1_000 tru nul undefined 1e 1e+ - '' //".split(),
        *('"\\u0000"', '"\\ud800"', '"\x00"', '"\ud800"', '"\\udfff\\ud800"', '"\\x"', '"\n"', ""),
        *("1" * 100, "1" * 101, "9" * 5000, "0." + "1" * 3000, "[" * 63 + "]" * 63),
        *("[" * 65 + "]" * 65, '{"a": 1, "a": 2}', '{"\\ud800": 1}', '{"\\u0000": 1}', "[" * 70),
    )
]
NUMBERS = [0, -1, 3, 2**53, 2**63, -(2**63) - 1, 2**64, 10**99, 1e308, 3.0, 0.1]
TEXTS = [
    *("", " ", "\ufeff", "\u202e", "\u200b", "\u2028", "\\", '"', "page.completed", "global"),
    *(
        "onboarding_sequence",
        "workspace-setup",
        "3",
        "03",
        "1e3",
        "NaN",
        "null",
        "%s",
        "{}",
        "event",
    ),
    *("alex@northstar.io", "ALEX@Northstar.IO ", "a@[127.0.0.1]", '"a b"@x.io', "a@bücher.example"),
    *("a@" + "ü" * 250, "a@" + "b." * 120 + "co", "@" * 300, "a" * 300 + "@x.io", "a@b@c@d"),
    *("2026-02-30T25:61:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59"),
    *("999999999-01-01", "2026-03-21T15:06:00Z", "2026-03-21", "T", "1e400"),
    *("a\u0301" * 40, "İ", "ß", "ﷺ" * 20, "𝕏" * 64, "x" * 200, "x" * 201, "x" * 5000),
    *("'; DROP TABLE deliveries_event; --", "<script>alert(1)</script>", "../../etc", "${jndi:x}"),
]
FREE_KEYS = [
    *("user_id", "page_id", "page_title", "sequence_step", "completed_at", "plan", "__proto__"),
    *("", "a.b", "[0]", "k" * 300, "email "),
]
"""Whatever stands under these is accepted."""

KEYS = [
    *("email", "id", "name", "first_name", "last_name", "phone", "ip_address", "resource_url"),
    *FREE_KEYS,
]
SPLICES = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0"),
    *(b"\\u0000", b"\\ud800", b"\\u", b"\xef\xbb\xbf", b"null", b"1e999", b"//", b"\r\n", b"\x1f"),
    b"",
]
SWELLING = [b"[", b'{"a":', b'"', b"\\", b"\\u0000", b"9", b" ", b'"a",', b"x", b"1e3,", b"@a."]

HEADERS: dict[str, list[str]] = {
    "HTTP_IDEMPOTENCY_KEY": [
        "k-1",
        "k-2",
        "k-3",
        "",
        " ",
        "é",
        "k" * 255,
        "k" * 256,
        "\x00",
        "a b",
    ],
    "CONTENT_TYPE": [
        *(
            "",
            "application/json; charset=utf-8",
            "APPLICATION/JSON",
            "text/plain",
            "\x00",
            "a/b" * 200,
        ),
        *(
            "application/json; charset=utf-16",
            "application/json; charset=\x80",
            "application/json;;;",
        ),
        *("multipart/form-data", "multipart/form-data; boundary=" + "b" * 300),
        *("application/x-www-form-urlencoded", 'application/json; charset="' + "\\" * 300),
    ],
    "CONTENT_LENGTH": ["", "-1", "0", "abc", "1_0", "1" * 30, "99999999", "7", "\xb2"],
    "HTTP_CONTENT_ENCODING": ["gzip", "deflate", "br"],
    "HTTP_TRANSFER_ENCODING": ["chunked", "gzip, chunked", "identity"],
    "HTTP_HOST": ["localhost", "evil.example", "", "\x00", "a" * 300, "[::1"],
    "QUERY_STRING": ["limit=-1", "%00", "a" * 900, "%ff=%ff", "x[]=1&x[]=2"],
    "HTTP_ACCEPT": ["", "*/*", "text/html", "a" * 500, "application/xml;q=x"],
    "HTTP_ORIGIN": ["null", "https://shop.example", "\x00", "x" * 500],
    "HTTP_AUTHORIZATION": ["Bearer x", "Bearer ", "Basic eDp5", "Bearer a.b.c", "Bearer é"],
    "HTTP_X_FORWARDED_FOR": ["127.0.0.1", "x" * 500],
    "REQUEST_METHOD": ["PUT", "PATCH", "DELETE", "TRACE", "post"],
}
ODD_TOKENS = [
    *(
        "x",
        "é",
        "mk_" + "a" * 300,
        "eyJhbGciOiJub25lIn0.e30.",
        "a.b.c",
        "." * 500,
        "\x7f",
        "a" * 9000,
    ),
    "eyJhbGciOiJIUzI1NiIsImtpZCI6eyJhIjoxfX0.eyJpc3MiOjF9.AAAA",
]
