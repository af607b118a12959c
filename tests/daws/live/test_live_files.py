"""Checks that the shipped script can run in Live: Python 3.7 syntax, standard library only, small modules."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from bridge import PROTOCOL, __version__
from bridge.config import resources
from tests.daws.live.conftest import Start
from tests.daws.live.table import members

FILES = sorted((resources.folder("live_script") / "AceBridge").glob("*.py"))
# Modules that Live 11's Python 3.7 lacks, or whose use would block or crash Live.
NOT_IN_A_HOST = {"asyncio", "multiprocessing", "threading", "http", "urllib", "ctypes", "tkinter", "sqlite3", "tomllib"}


def imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_parses_as_python_37_and_imports_only_allowed_modules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    foreign = imports(tree) - sys.stdlib_module_names - {"Live"}
    assert foreign == set()
    assert imports(tree) & NOT_IN_A_HOST == set()
    assert len(text.splitlines()) < 400
    assert ast.get_docstring(tree)


def test_the_check_finds_mistakes() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("if (x := 1): pass", feature_version=(3, 7))
    with pytest.raises(SyntaxError):
        ast.parse("def f(a, /): pass", feature_version=(3, 7))
    assert imports(ast.parse("import numpy\nfrom .place import x")) == {"numpy"}


def test_only_the_script_module_needs_live() -> None:
    """All other modules receive Live's objects as arguments, so that tests can run them without Live."""
    assert [path.name for path in FILES if "Live" in imports(ast.parse(path.read_text("utf-8")))] == ["script.py"]


def test_the_names_called_by_live_exist(start_live: Start) -> None:
    host = start_live(installed=False)
    assert callable(host.package.create_instance)
    called = set(members("12.3.6")["RemoteScript"]) - {"create_instance", "get_capabilities"}  # module functions
    assert {"update_display", "disconnect", "receive_midi", "build_midi_map"} < called
    for name in called:
        assert callable(getattr(host.script, name))
    assert host.script.can_lock_to_devices() is False
    assert (host.script.suggest_input_port(), host.script.suggest_output_port()) == ("", "")
    host.script.connect_script_instances([])
    host.script.port_settings_changed()
    host.script.refresh_state()


def test_script_and_bridge_have_the_same_version(start_live: Start) -> None:
    package = start_live(installed=False).package
    assert (__version__, PROTOCOL) == (package.VERSION, package.PROTOCOL)
