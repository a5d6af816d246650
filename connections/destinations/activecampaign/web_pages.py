"""Where a person sees a contact, tag or list in ActiveCampaign's own pages.

Source: addresses that the web application shows (account.activehosted.com), as people
share them; the API does not tell them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

API_HOST = re.compile(r"([a-z0-9-]+)\.api-[a-z]{2}[0-9]{1,2}\.com")
PATHS = {
    "contact": "/app/contacts/{}",
    "tag": "/app/contacts/?tagid={}",
    "list": "/app/contacts/?listid={}",
}


def web_page(metadata: Mapping[str, str], *, kind: str, external_id: str) -> str:
    """The address of the row's page; '' where none is known, as for the sandbox."""
    host = API_HOST.fullmatch(urlsplit(metadata.get("api_url", "")).hostname or "")
    if host is None or not external_id or kind not in PATHS:
        return ""
    path = PATHS[kind].format(quote(external_id, safe=""))
    return f"https://{host[1]}.activehosted.com{path}"
