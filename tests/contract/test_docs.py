"""What is written about the API is true: the example runs, and no endpoint is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings as project
from drf_spectacular.generators import SchemaGenerator

from meshes.models import Workspace
from tests.builders import make_organization, make_workspace
from tests.contract.machine import make_machine

DOCS = Path(project.BASE_DIR) / "docs"


@pytest.mark.django_db(transaction=True)
def test_the_python_client_of_the_docs_works_as_it_stands(live_server):
    machine = make_machine(make_organization())
    workspace = make_workspace(organization=machine.key.organization)
    client, *uses = re.findall(r"```python\n(.*?)```", (DOCS / "api.md").read_text(), re.DOTALL)
    code = "\n".join([client, *uses])
    for example, real in {
        "http://localhost:8000": live_server.url,
        "your organization id": machine.organization_id,
        "mk_your_access_key": machine.key.access_key,
        "your secret key": machine.secret,
    }.items():
        assert example in code
        code = code.replace(f'"{example}', f'"{real}')

    exec(code, {})  # noqa: S102  our own documentation

    assert Workspace.objects.get(pk=workspace.pk).name == "Renamed"
    assert len([line for line in client.splitlines() if line]) == 10


def test_the_text_for_language_models_is_served_as_it_is_kept(client):
    answer = client.get("/llms.txt")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == (DOCS / "llms.txt").read_text()


def test_the_text_for_language_models_names_every_endpoint():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    served = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in paths.items()
        for method in methods
    }

    named = set(re.findall(r"^- ([A-Z]+ /\S+) —", (DOCS / "llms.txt").read_text(), re.MULTILINE))

    assert len(named) == 34
    assert served <= named


def test_the_docs_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(client):
    page = client.get("/api/docs/")

    assert page.status_code == 200
    assert "//" not in re.sub(r"<!--.*?-->", "", page.text).replace("</", "")
    assert "<script>" not in page.text
    assert "style=" not in page.text
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
