"""Tests the script with the Python of Live 11 and 12.0 on Windows, which lacks msvcrt, ctypes and dependent modules."""

from __future__ import annotations

import ast
import builtins
import importlib
import subprocess
import sys
import types
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.config import resources
from tests.daws.live.conftest import Start, live_with_clip
from tests.daws.live.host import put_clip
from tests.daws.live.music import write_clicks
from tests.daws.live.test_live_selftest import probed

FOLDER = resources.folder("live_script") / "AceBridge"
FILES = sorted(FOLDER.glob("*.py"))

# Modules that public control surface scripts import on Windows. The script may import other modules only inside
# functions, and must work without those modules.
ALLOWED = {"os", "sys", "time", "socket", "struct", "json", "re", "errno", "hashlib", "logging", "math", "functools"}
ALLOWED |= {"collections", "traceback", "codecs", "bisect", "__future__", "Live", "_Framework", "ableton"}
MISSING = (
    "platform",
    "wave",
    "unicodedata",
    "uuid",
    "subprocess",
    "tempfile",
    "ctypes",
    "_ctypes",
    "msvcrt",
    "_winapi",
)


class Wrong(ast.NodeVisitor):
    """Collects imports of modules not in ALLOWED, unless inside both a function and a `try … except ImportError`."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._inside = False  # whether the current node is inside a function
        self._caught = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before, self._inside = self._inside, True
        self.generic_visit(node)
        self._inside = before

    def visit_Try(self, node: ast.Try) -> None:
        before = self._caught
        handled = [ast.unparse(one.type) for one in node.handlers if one.type is not None]
        self._caught = before or any("ImportError" in one for one in handled)
        for child in node.body:
            self.visit(child)
        self._caught = before
        for child in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(child)

    def visit_Import(self, node: ast.Import) -> None:
        self._see(*(name.name for name in node.names))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0:
            self._see(node.module or "")

    def _see(self, *modules: str) -> None:
        outside = {name.partition(".")[0] for name in modules} - ALLOWED
        if not (self._inside and self._caught):
            self.found += sorted(outside)


def wrong_imports(text: str) -> list[str]:
    reader = Wrong()
    reader.visit(ast.parse(text))
    return reader.found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_optional_imports_are_caught_inside_functions(path: Path) -> None:
    assert wrong_imports(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os, platform", ["platform"]),
        ("from unicodedata import normalize", ["unicodedata"]),
        ("try:\n    import wave\nexcept ImportError:\n    wave = None", ["wave"]),
        ("class A:\n    import uuid", ["uuid"]),
        ("def f():\n    import subprocess", ["subprocess"]),
        ("def f():\n    try:\n        import subprocess\n    except OSError:\n        pass", ["subprocess"]),
        ("def f():\n    try:\n        pass\n    except ImportError:\n        import wave", ["wave"]),
        ("def f():\n    try:\n        import subprocess\n    except ImportError:\n        return None", []),
        ("import os.path\nfrom . import platform\nfrom .wave import x\nimport Live", []),
    ],
)
def test_the_check_finds_mistakes(text: str, found: list[str]) -> None:
    assert wrong_imports(text) == found


IMPORT_ALL = """
import importlib, pathlib, sys, types
missing, folder = {missing!r}, pathlib.Path({folder!r})
for name in missing:
    sys.modules[name] = None  # importing it raises ModuleNotFoundError
sys.modules["Live"] = types.ModuleType("Live")
sys.path.insert(0, str(folder.parent))
for path in folder.glob("*.py"):
    importlib.import_module("AceBridge" if path.stem == "__init__" else "AceBridge." + path.stem)
print(len([name for name in sys.modules if name.startswith("AceBridge")]))
"""


def test_every_module_loads_without_the_missing_modules() -> None:
    code = IMPORT_ALL.format(missing=MISSING, folder=str(FOLDER))
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert int(done.stdout) == len(FILES) > 15


@pytest.fixture
def lacked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the script import only ALLOWED modules; return the list of other modules that the script tries to import."""
    real = builtins.__import__
    tried: list[str] = []

    def limited(
        name: str,
        module: Mapping[str, Any] | None = None,
        scope: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        ours = str((module or {}).get("__package__") or "").startswith("AceBridge")
        if ours and level == 0 and name.partition(".")[0] not in ALLOWED:
            tried.append(name)
            raise ImportError(f"No module named {name!r}")
        return real(name, module, scope, fromlist or (), level)

    monkeypatch.setattr(builtins, "__import__", limited)
    return tried


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "Küche.wav", [0.5, 1.5, 2.5], 8.0)
    return tmp_path / "Küche.wav"


@pytest.mark.parametrize("slot", [None, 1], ids=["arrangement", "session"])
def test_a_remix_is_requested_and_placed(
    lacked: list[str], start_live: Start, file: Path, tmp_path: Path, slot: int | None
) -> None:
    host = start_live("12.0.5")
    for path in FILES:
        if path.stem != "__init__":
            importlib.import_module(f"{host.package.__name__}.{path.stem}")
    put_clip(host.world, file, 8.0, slot=slot, warping=True, markers=[(0.0, 0.0), (8.0, 4.0)], start=0.0, end=8.0)
    host.ask()
    (message,) = host.messages("selection")
    ids = [message["message_id"], message["instance"], message["args"]["clips"][0]["id"]]
    assert [str(uuid.UUID(one)) for one in ids] == ids
    assert {uuid.UUID(one).version for one in ids} == {4}
    assert {uuid.UUID(one).variant for one in ids} == {uuid.RFC_4122}
    assert len(set(ids)) == 3
    result = tmp_path / "Küche remix.wav"
    write_clicks(result, [0.5, 1.5, 2.5], 4.0)
    host.offer(message, result, 192_000)
    host.tick(5)
    assert [track.name for track in host.world.state.tracks] == ["Drums", "Loop", "break remix", "Keys"]
    (placed,) = host.messages("placed")
    assert placed["args"]["text"] == ""
    host.script.disconnect()
    assert len(host.messages("bye")) == 1
    assert lacked == []


def test_the_self_test_runs(lacked: list[str], start_live: Start, file: Path, home: Path) -> None:
    report = probed(live_with_clip(start_live, file), home)
    assert "error" not in report
    assert report["file_written"]
    assert report["python"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert lacked == []


def test_a_live_that_cannot_start_the_daemon_explains_how(lacked: list[str], start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file, command=(sys.executable, "-c", "pass"))
    host.ask()
    host.tick(40)
    assert host.said[-1] == "Remix: the bridge does not respond. Run `/my/ace-bridge start`. Your request is kept."
    assert lacked == ["subprocess"]
    assert host.instance.logged == []


def test_composed_and_decomposed_accents_are_the_same_name(start_live: Start) -> None:
    same_file = start_live(installed=False).package.place.same_file
    spellings = [unicodedata.normalize(form, "/a/Küche.wav") for form in ("NFC", "NFD")]
    assert same_file(*spellings)
    assert not same_file("/a/Küche.wav", "/a/Kuche.wav")


def test_equal_names_are_one_file_without_unicodedata(lacked: list[str], start_live: Start) -> None:
    same_file = start_live(installed=False).package.place.same_file
    spellings = [unicodedata.normalize(form, "/a/Küche.wav") for form in ("NFC", "NFD")]
    assert same_file(spellings[0], spellings[0].replace("/a/", "/b/"))
    assert lacked == []
    assert not same_file(*spellings)
    assert set(lacked) == {"unicodedata"}
