"""The theme can be switched off by one line, and what it shows follows permissions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from meshes import theme

ROOT = Path(__file__).resolve().parents[2]
STOCK = """
import sys
from pathlib import Path
from types import ModuleType

source = Path("meshes/theme.py").read_text()
assert source.count("ENABLED = True") == 1
stock = ModuleType("meshes.theme")
sys.modules["meshes.theme"] = stock
exec(source.replace("ENABLED = True", "ENABLED = False"), stock.__dict__)

import django
django.setup()
from django.contrib import admin
from django.core.management import call_command
from django.test import Client

call_command("migrate", verbosity=0)
call_command("createworkspace", "Product", verbosity=0)
from django.contrib.auth.models import User
from meshes.models import Workspace

assert not [name for name in sys.modules if name == "unfold" or name.startswith("unfold.")]
client = Client(SERVER_NAME="localhost")
client.force_login(User.objects.create_superuser("alex"))
pk = Workspace.objects.get().pk
for page in ("", "meshes/workspace/", "meshes/machinekey/", f"meshes/workspace/{pk}/change/",
             f"meshes/workspace/{pk}/history/", f"meshes/workspace/{pk}/do/create-key/"):
    answer = client.get(f"/admin/{page}")
    assert answer.status_code == 200, page
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
text = client.get(f"/admin/meshes/workspace/{pk}/change/").content.decode()
assert "Create publishable key" in text
"""


def test_one_line_brings_the_stock_admin_back(tmp_path) -> None:
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'stock.sqlite3'}"}
    env |= {"DJANGO_SETTINGS_MODULE": "tests.settings"}

    ended = subprocess.run(
        [sys.executable, "-c", STOCK], cwd=ROOT, env=env, capture_output=True, text=True, timeout=90
    )

    assert ended.returncode == 0, ended.stderr[-2000:]


def test_only_one_file_imports_the_theme() -> None:
    rooms = ("connections", "deliveries", "meshes", "rules")
    files = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    importing = [
        path.relative_to(ROOT).as_posix()
        for path in files
        if any(f"{word} unfold" in path.read_text() for word in ("import", "from"))
    ]

    assert importing == ["meshes/admin_base.py"]


@pytest.mark.django_db
def test_the_sidebar_shows_what_the_person_may_open(rf, client) -> None:
    person = User.objects.create_user("kim", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_workspace"))
    request = rf.get(reverse("admin:index"))
    request.user = person

    groups = theme.navigation(request)

    assert [item["title"] for group in groups for item in group["items"]] == [
        "Overview",
        "Workspaces",
    ]
