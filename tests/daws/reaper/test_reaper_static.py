"""Statically checks that every call to a REAPER function in the shipped Lua matches the function's row in the table."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lupa.lua54 import LuaRuntime

from tests.daws.reaper.rig import SCRIPTS
from tests.daws.reaper.table import available, functions, toolkit
from tests.waiting import PATIENCE

FLOOR = "7.08"
FILES = sorted(SCRIPTS.rglob("*.lua"))
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


def test_every_script_compiles_with_reapers_lua() -> None:
    lua = LuaRuntime()
    for path in FILES:
        lua.compile(path.read_text("utf-8"))


@pytest.mark.needs("lua")
def test_luacheck_accepts_everything() -> None:
    assert shutil.which("luacheck"), "luacheck is not installed"
    checked = subprocess.run(
        ["luacheck", "--config", str(SCRIPTS.parent / ".luacheckrc"), str(SCRIPTS)],
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
    actions = (SCRIPTS / "lib" / "actions.lua").read_text("utf-8")
    assert name == "service" or re.search(rf"^function actions\.{name}\(", actions, re.MULTILINE)
