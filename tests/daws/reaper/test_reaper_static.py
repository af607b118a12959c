"""Statically checks that every call to a REAPER function in the shipped Lua matches the function's row in the table."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import lupa.lua53
import lupa.lua54
import pytest

from tests.daws.reaper.rig import SCRIPTS
from tests.daws.reaper.table import available, functions, toolkit
from tests.waiting import PATIENCE

FLOOR = "7.08"
FILES = sorted(SCRIPTS.rglob("*.lua"))
EXAMPLES = sorted((SCRIPTS.parent / "docs" / "examples").glob("*.lua"))
ACTIONS = sorted(SCRIPTS.glob("*.lua"))


def code_of(path: Path) -> str:
    """Return the Lua code without comments and with all strings emptied."""
    text = re.sub(r"--[^\n]*", "", path.read_text("utf-8"))
    return re.sub(r"'(?:\\.|[^'\\\n])*'", "''", text)


def arguments(text: str, start: int) -> int:
    """Return the number of arguments in the parentheses that start at `start`."""
    depth, count, empty = 0, 1, True
    for char in text[start:]:
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                return 0 if empty else count
        elif char == "," and depth == 1:
            count += 1
        if depth >= 1 and not char.isspace() and not (char == "(" and depth == 1):
            empty = False
    raise AssertionError("unbalanced parentheses")


def calls(path: Path) -> list[tuple[str, int | None]]:
    text = code_of(path)
    found: list[tuple[str, int | None]] = []
    for match in re.finditer(r"\b(reaper\.|ImGui\.)(\w+)\s*(\(|'')?", text):
        prefix = "ImGui_" if match[1] == "ImGui." else ""
        has_brackets = match[3] == "("
        found.append((prefix + match[2], arguments(text, match.start(3)) if has_brackets else None))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_call_is_in_the_table(path: Path) -> None:
    guarded = set(re.findall(r"APIExists\('(\w+)'\)", path.read_text("utf-8")))
    for name, count in calls(path):
        row = functions().get(name) or toolkit().get(name)
        assert row, f"{path.name}: reaper.{name}"
        of_toolkit = (
            name in toolkit() and name != "ImGui_GetBuiltinPath"
        )  # called through ReaImGui's module, which scripts load only if ReaImGui is installed
        assert of_toolkit or available(name, FLOOR) or name in guarded, (
            f"{path.name}: reaper.{name} came with {row.since}"
        )
        assert count is None or row.least <= count <= row.most, f"{path.name}: reaper.{name} with {count}"


@pytest.mark.parametrize(("code", "count"), [("f()", 0), ("f(a)", 1), ("f(a, {b, c}, g(d, e))", 3), ("f({})", 1)])
def test_arguments_are_counted(code: str, count: int) -> None:
    assert arguments(code, 1) == count


@pytest.mark.parametrize("lua", [lupa.lua53, lupa.lua54], ids=["5.3", "5.4"])
def test_every_script_compiles_with_reapers_lua(lua: Any) -> None:
    runtime = lua.LuaRuntime()
    for path in (*FILES, *EXAMPLES):
        runtime.compile(path.read_text("utf-8"))


@pytest.mark.needs("lua")
def test_luacheck_accepts_everything() -> None:
    assert shutil.which("luacheck"), "luacheck is not installed"
    checked = subprocess.run(
        ["luacheck", "--config", str(SCRIPTS.parent / ".luacheckrc"), str(SCRIPTS), *map(str, EXAMPLES)],
        check=False, timeout=PATIENCE, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 300


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.name)
def test_every_action_exists(path: Path) -> None:
    assert not set('*\\:<>?/|"') & set(path.name)
    (name,) = re.findall(r"require 'main'\(folder, '(\w+)'\)", path.read_text("utf-8"))
    own = re.search(rf"OWN_MODULE = {{.*\b{name} = '(\w+)'", (SCRIPTS / "lib" / "main.lua").read_text("utf-8"))
    module, function = (own[1], "run") if own else ("actions", name)
    code = (SCRIPTS / "lib" / f"{module}.lua").read_text("utf-8")
    assert re.search(rf"^function {module}\.{function}\(", code, re.MULTILINE)
