"""The dashboard and the alert rules ask only for what `/metrics` gives, and lead to their docs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshes.metrics.reading import Reading

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "meshes.json").read_text())
DOCS = (ROOT / "docs" / "watching.md").read_text()
ALERTS = {rule["alert"]: rule for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
PROMTOOL = shutil.which("promtool")
OF_PROMETHEUS = {"up": {"job", "instance"}}
METRIC = re.compile(r"\b(meshes_[a-z_]+|up)\b(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: apt install prometheus)"
)


def labels_of_metrics() -> dict[str, set[str]]:
    """By every name that a sample can have, its labels."""
    found = dict(OF_PROMETHEUS)
    for family in Reading().collect():
        labels = set(family._labelnames)
        parts = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
        for part in parts.get(family.type, ("",)):
            found[family.name + part] = labels | ({"le"} if part == "_bucket" else set())
    return found


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels without its headings."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression with the name of whoever asks it."""
    yield from ((name, rule["expr"]) for name, rule in ALERTS.items())
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]


@pytest.mark.django_db
def test_every_expression_names_metrics_and_labels_that_there_are() -> None:
    known, wrong = labels_of_metrics(), []

    for where, expression in expressions():
        metrics = METRIC.findall(expression)
        assert metrics, where
        mine = set().union(*(known.get(name, set()) for name, _ in metrics))
        wrong += [(where, name) for name, _ in metrics if name not in known]
        for name, given in metrics:
            used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", given))
            wrong += [(where, name, label) for label in used - known.get(name, set())]
        used = {word.strip() for group in GROUPED.findall(expression) for word in group.split(",")}
        wrong += [(where, label) for label in used - mine - {""}]

    assert wrong == []


@pytest.mark.django_db
def test_every_metric_is_on_the_dashboard_and_in_the_docs() -> None:
    shown = {name for _, expression in expressions() for name, _ in METRIC.findall(expression)}

    names = {family.name for family in Reading().collect()}

    assert {name for name in names if not any(each.startswith(name) for each in shown)} == set()
    assert {name for name in names if f"`{name}" not in DOCS} == set()


def test_what_a_line_is_called_is_a_label_that_it_has() -> None:
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = GROUPED.findall(target["expr"])
            kept = {word.strip() for group in grouped for word in group.split(",")}
            assert named <= kept, panel["title"]


def test_panels_lie_side_by_side_and_have_a_source_and_a_description() -> None:
    taken: set[tuple[int, int]] = set()

    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["description"].endswith(".") for panel in panels())
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert set(re.findall(r"\$\{?(?!__)(\w+)", json.dumps(DASHBOARD))) == variables


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_and_leads_to_what_to_do(name) -> None:
    rule = ALERTS[name]

    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["runbook"] == f"docs/watching.md#{name.lower()}"
    assert f"\n### {name}\n" in DOCS
    assert len(DOCS.split(f"\n### {name}\n")[1].split("\n#")[0].strip()) > 80


def test_every_section_about_an_alert_has_its_alert() -> None:
    assert re.findall(r"^### (Meshes\w+)$", DOCS, re.M) == list(ALERTS)


def test_the_example_for_prometheus_reads_the_page_with_a_token_from_a_file() -> None:
    example = yaml.safe_load((RULES.parent / "prometheus.yml").read_text())

    job = example["scrape_configs"][0]
    assert (job["job_name"], job["metrics_path"]) == ("meshes", "/metrics")
    assert set(job["authorization"]) == {"type", "credentials_file"}
    assert example["rule_files"] == ["alerts.yml"]


@needs_promtool
def test_promtool_accepts_the_rules_and_finds_the_alerts_that_the_histories_call_for(tmp_path):
    shutil.copy(RULES, tmp_path)
    shutil.copy(ROOT / "tests" / "meshes" / "alerts_test.yml", tmp_path)

    ended = promtool("test", "rules", "alerts_test.yml", folder=tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr


@needs_promtool
def test_promtool_can_read_every_expression_of_the_dashboard(tmp_path):
    rules = [
        {"record": f"r:{number}", "expr": re.sub(r"\$__rate_interval", "5m", target["expr"])}
        for number, target in enumerate(each for panel in panels() for each in panel["targets"])
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "d", "rules": rules}]}))

    ended = promtool("check", "rules", "rules.yml", folder=tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def promtool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The ended program."""
    command = [str(PROMTOOL), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)
