"""The code that the guide shows runs as it stands and posts the event."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from deliveries.guide_snippets import snippets
from deliveries.models import Event
from tests.deliveries.senders import make_sender

pytestmark = pytest.mark.django_db(transaction=True)

TITLE = 'Don\'t stop: "CRM" \\ $HOME für alle'
BODY = {
    "event": "page.completed",
    "resource_id": "workspace-setup",
    "payload": {"email": "alex@northstar.io", "page_title": TITLE, "sequence_step": 3},
}
PROGRAMS = {"curl": "bash", "TypeScript, fetch": "node", "Python, requests": sys.executable}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_code_posts_the_event_as_it_is_shown(name: str, live_server: Any) -> None:
    program = shutil.which(PROGRAMS[name])
    if program is None:
        pytest.skip(f"{PROGRAMS[name]} is not installed")
    body = json.dumps(BODY, indent=2, ensure_ascii=False)
    shown = snippets(base=f"{live_server.url}/api/v1", key=make_sender().key, body=body)
    code = {each.name: each.code for each in shown}[name]

    flags = ["--input-type=module", "-e"] if name.startswith("TypeScript") else ["-c"]
    ran = subprocess.run([program, *flags, code], capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran.stderr
    assert Event.objects.get().payload == BODY["payload"]


def test_the_official_client_gets_its_option_and_the_key() -> None:
    shown = snippets(base="https://meshes.northstar.io/api/v1", key="mesh_pub_v1_a_b", body="{}")

    (client,) = [each for each in shown if "official" in each.name]

    assert client.code.splitlines() == [
        "// npm install @mesheshq/events",
        'export const publishableKey = "mesh_pub_v1_a_b";',
        'export const options = { apiBaseUrl: "https://meshes.northstar.io/api/v1" };',
        "export const event = {};",
    ]
