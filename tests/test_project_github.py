"""Tests that the files for GitHub and for pre-commit are valid and match the project."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = ("bug.yml", "engine.yml", "feature.yml")


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in load(workflow)["jobs"].values() for step in job["steps"]]


def unpinned(text: str) -> list[str]:
    """Return the GitHub actions that are not pinned to a major version."""
    return [use for use in re.findall(r"uses: (\S+)", text) if not re.fullmatch(r"actions/[\w-]+@v\d+", use)]


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ("github-workflows", [f"workflows/{path.name}" for path in WORKFLOWS]),
        ("github-issue-forms", [f"ISSUE_TEMPLATE/{name}" for name in FORMS]),
        ("github-issue-config", ["ISSUE_TEMPLATE/config.yml"]),
        ("dependabot", ["dependabot.yml"]),
    ],
)
def test_the_files_match_their_schemas(schema: str, names: list[str]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, *(str(GITHUB / name) for name in names)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_file_is_checked() -> None:
    known = {"bug.yml", "config.yml", "dependabot.yml", "engine.yml", "feature.yml", "release.yml", "test.yml"}
    assert {path.name for path in GITHUB.rglob("*.yml")} == known


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
class TestWorkflows:
    def test_it_may_only_read_by_default(self, workflow: Path) -> None:
        assert load(workflow)["permissions"] == {"contents": "read"}

    def test_it_runs_once_per_branch_and_not_forever(self, workflow: Path) -> None:
        assert "github.ref" in load(workflow)["concurrency"]["group"]
        assert all(1 <= job["timeout-minutes"] <= 90 for job in load(workflow)["jobs"].values())

    def test_its_actions_are_pinned_to_a_major_version(self, workflow: Path) -> None:
        assert unpinned(workflow.read_text("utf-8")) == []

    def test_it_installs_and_caches_by_the_lock(self, workflow: Path) -> None:
        cached = [step["with"] for step in steps(workflow) if "setup-python" in step.get("uses", "")]
        assert {one["cache-dependency-path"] for one in cached} == {"requirements.lock"}
        for job in load(workflow)["jobs"].values():
            script = "\n".join(step.get("run", "") for step in job["steps"])
            assert "pip install --require-hashes -r requirements.lock" in script

    def test_its_scripts_exist(self, workflow: Path) -> None:
        named = set(re.findall(r"\bscripts/[\w.]+", workflow.read_text("utf-8")))
        assert named
        assert [name for name in named if not (ROOT / name).is_file()] == []


def test_an_action_without_a_major_version_is_found() -> None:
    text = "- uses: actions/checkout@v5\n- uses: actions/cache@main\n- uses: somebody/thing@v1\n"
    assert unpinned(text) == ["actions/cache@main", "somebody/thing@v1"]


def test_the_tests_run_on_every_supported_system_and_python() -> None:
    jobs = load(GITHUB / "workflows" / "test.yml")["jobs"]
    assert jobs["test"]["strategy"]["matrix"] == {
        "os": ["ubuntu-latest", "macos-latest", "windows-latest"],
        "python": ["3.11", "3.14"],
    }
    runs = {name: [step.get("run") for step in job["steps"]] for name, job in jobs.items()}
    assert "scripts/check" in runs["check"]
    assert "scripts/test" in runs["test"]
    assert "scripts/test --all --yes" in runs["all"]


def test_a_bug_report_asks_for_the_doctor_and_the_daw() -> None:
    fields = {field["id"]: field for field in load(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"] if "id" in field}
    assert fields["doctor"]["validations"]["required"]
    assert fields["daw"]["validations"]["required"]
    assert "ace-bridge doctor --bundle" in fields["bundle"]["attributes"]["description"]


def test_a_pull_request_has_the_four_parts() -> None:
    text = (GITHUB / "pull_request_template.md").read_text("utf-8")
    assert re.findall(r"- \[ \] \*\*(.+?)\*\*", text) == ["Code", "Test", "Documentation", "CHANGELOG.md"]


def test_the_hooks_use_the_tools_of_the_project() -> None:
    config = load(ROOT / ".pre-commit-config.yaml")
    assert [repo["repo"] for repo in config["repos"]] == ["local"], "nothing is fetched"
    hooks = {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}
    assert set(hooks) >= {"ruff", "ruff-format", "mypy"}
    assert all(hook["entry"].startswith(".venv/bin/python -m ") for hook in hooks.values())
    assert {hook["language"] for hook in hooks.values()} == {"system"}
