"""The call that an import makes when it is done. Only to loopback addresses, without redirects.

Source: API reference section 8.2.
"""

import contextlib
import ipaddress
import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from connections.destinations.activecampaign.sandbox.messages import as_text
from connections.destinations.activecampaign.sandbox.rows import Batch

TIMEOUT_S = 5.0


def send(batch: Batch) -> None:
    """Tell the callback's address, once; a failure is nobody's business."""
    wanted = batch.callback or {}
    with contextlib.suppress(OSError, HTTPException, ValueError):
        url = urlsplit(as_text(wanted.get("url")))
        if url.scheme == "http" and url.hostname and _is_loopback(url.hostname):
            _call(url.hostname, url.port or 80, url.path or "/", batch)


def _call(host: str, port: int, path: str, batch: Batch) -> None:
    wanted = batch.callback or {}
    params = _pairs(wanted.get("params"))
    headers = _pairs(wanted.get("headers"))
    connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        if as_text(wanted.get("requestType")).upper() == "POST":
            body = json.dumps({**params, **_result(batch, wanted)})
            connection.request("POST", path, body, {**headers, "Content-Type": "application/json"})
        else:
            connection.request("GET", f"{path}?{urlencode(params)}", headers=headers)
        connection.getresponse().read()
    finally:
        connection.close()


def _result(batch: Batch, wanted: dict[str, Any]) -> dict[str, Any]:
    if as_text(wanted.get("detailed_results")) not in ("1", "true"):
        return {}
    return {
        "batchId": batch.batch_id,
        "success": len(batch.success),
        "failure": len(batch.failure),
        "failureReasons": batch.reasons,
    }


def _pairs(value: Any) -> dict[str, str]:
    items = value if isinstance(value, list) else []
    return {
        as_text(item.get("key")): as_text(item.get("value"))
        for item in items
        if isinstance(item, dict) and item.get("key")
    }


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
