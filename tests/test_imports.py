"""Arrows run one way: the import graph of the package, read from its source, and what a short command really loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NUMERIC = {"numpy", "scipy", "soundfile", "soxr", "loudness", "python_stretch"}
CONCRETE = ("bridge.daws.", "bridge.engines.")  # packages of which others know the Protocol alone
PROTOCOLS = ("bridge.daws.base", "bridge.engines.base")

# From what people touch down to the Protocols: nothing may reach anything that stands before it here. The daemon, the
# CLI's words and `control`, which implement and join the layers, stand outside.
LAYERS: tuple[tuple[str, ...], ...] = (
    (
        "bridge.cli.main",
        "bridge.cli.commands",
        "bridge.osc.server",
        "bridge.midi",
        "bridge.hotkeys.service",
        "bridge.panel",
    ),
    ("bridge.control.table",),
    ("bridge.jobs.scheduler",),
    ("bridge.jobs.pipeline",),
    ("bridge.jobs.stages",),
    PROTOCOLS,
)


class Imports(ast.NodeVisitor):
    """Collects what one module imports when it runs, inside functions too; not what only type checkers read."""

    def __init__(self, module: str, is_package: bool, known: frozenset[str]) -> None:
        self.found: set[str] = set()
        self._package = module if is_package else module.rpartition(".")[0]
        self._known = known

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                self.visit(other)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {name.name for name in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parts = self._package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1] + ([base] if base else []))
        inside = {f"{base}.{name.name}" for name in node.names} & self._known
        self.found |= inside or {base}


def read(root: Path) -> dict[str, set[str]]:
    """Return what each module under root/bridge imports."""
    files = {}
    for path in sorted((root / "bridge").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    graph = {}
    for module, path in files.items():
        reader = Imports(module, path.name == "__init__.py", frozenset(files))
        reader.visit(ast.parse(path.read_text("utf-8")))
        graph[module] = reader.found
    return graph


@cache
def graph() -> Mapping[str, set[str]]:
    return read(ROOT)


def of(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def reached(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    """Return every module of the bridge that a module leads to, itself not included."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        for target in edges.get(todo.pop(), ()):
            if of(target, "bridge") and target not in seen:
                seen.add(target)
                todo.append(target)
    return seen - {start}


def wrong_stages(edges: Mapping[str, set[str]]) -> Iterator[str]:
    for module, targets in edges.items():
        if module.startswith("bridge.jobs.stages."):
            yield from (f"{module} → {target}" for target in targets if target.startswith("bridge.jobs.stages"))


def wrong_concrete(edges: Mapping[str, set[str]]) -> Iterator[str]:
    for module, targets in edges.items():
        for target in targets:
            concrete = target.startswith(CONCRETE) and target not in PROTOCOLS
            own = ".".join(module.split(".")[:3]) == ".".join(
                target.split(".")[:3]
            )  # bridge.engines.fal.* among themselves
            if concrete and not own and module != "bridge.daemon":
                yield f"{module} → {target}"


def wrong_layers(edges: Mapping[str, set[str]]) -> Iterator[str]:
    for index, layer in enumerate(LAYERS):
        above = [package for higher in LAYERS[:index] for package in higher]
        for module in edges:
            if of(module, *layer):
                yield from (f"{module} ⇒ {target}" for target in reached(module, edges) if of(target, *above))


def test_the_graph_is_read_at_all() -> None:
    assert len(graph()) > 60
    assert "bridge.errors" in graph()["bridge.jobs.stages.remix"]
    assert graph()["bridge.audio.files"] >= {"numpy", "soundfile"}


@pytest.mark.parametrize("package", ["bridge.audio", "bridge.events", "bridge.errors", "bridge.protocol.job"])
def test_audio_and_the_ground_import_nothing_of_the_bridge(package: str) -> None:
    outside = {
        f"{module} → {target}"
        for module, targets in graph().items()
        if of(module, package)
        for target in targets
        if of(target, "bridge") and not of(target, package)
    }
    assert outside == set()


def test_worker_tasks_know_audio_and_errors_alone() -> None:
    outside = {
        f"{module} → {target}"
        for module, targets in graph().items()
        if of(module, "bridge.workers.tasks")
        for target in targets
        if of(target, "bridge") and not of(target, "bridge.workers.tasks", "bridge.audio", "bridge.errors")
    }
    assert outside == set()


def test_the_store_imports_nothing_above_it() -> None:
    below = "store", "protocol", "presets", "config", "util", "errors", "events"
    above = {
        f"{module} ⇒ {target}"
        for module in graph()
        if of(module, "bridge.store", "bridge.protocol")
        for target in reached(module, graph())
        if target != "bridge" and not of(target, *(f"bridge.{package}" for package in below))
    }
    assert above == set()


def test_no_stage_imports_another() -> None:
    assert list(wrong_stages(graph())) == []


def test_concrete_daws_and_engines_are_known_to_the_daemon_alone() -> None:
    assert list(wrong_concrete(graph())) == []


def test_arrows_run_from_what_people_touch_to_the_protocols() -> None:
    assert list(wrong_layers(graph())) == []


def test_numeric_libraries_stay_in_audio_and_tasks() -> None:
    outside = {
        f"{module} → {target}"
        for module, targets in graph().items()
        for target in targets
        if target.split(".")[0] in NUMERIC and not of(module, "bridge.audio", "bridge.workers.tasks")
    }
    assert outside == set()


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("bridge/jobs/stages/one.py", "from bridge.jobs.stages import two", wrong_stages),
        ("bridge/jobs/stages/one.py", "from . import two", wrong_stages),
        ("bridge/jobs/stages/one.py", "def late():\n    from .two import x", wrong_stages),
        ("bridge/jobs/stages/one.py", "from bridge.engines.fal.engine import FalEngine", wrong_concrete),
        ("bridge/jobs/scheduler.py", "import bridge.daws.ardour", wrong_concrete),
        ("bridge/engines/offline.py", "from bridge.engines.fal import engine", wrong_concrete),
        ("bridge/jobs/pipeline.py", "import bridge.jobs.scheduler", wrong_layers),
        ("bridge/jobs/stages/one.py", "import bridge.helper", wrong_layers),
    ],
)
def test_the_rules_see_a_wrong_arrow(tmp_path: Path, module: str, line: str, rule: object) -> None:
    assert callable(rule)
    files = (
        "bridge/jobs/stages/one.py",
        "bridge/jobs/stages/two.py",
        "bridge/engines/offline.py",
        "bridge/engines/fal/engine.py",
        "bridge/daws/ardour.py",
        "bridge/jobs/scheduler.py",
        "bridge/jobs/pipeline.py",
        "bridge/helper.py",
    )
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text("from bridge.cli.main import main\n" if name.endswith("helper.py") else "")
    assert list(rule(read(tmp_path))) == []
    (tmp_path / module).write_text(line)
    assert len(list(rule(read(tmp_path)))) == 1


def loaded(code: str, *names: str) -> set[str]:
    """Run Python code in a process of its own and return which of the modules it has loaded."""
    lines = ["import sys", "try:", f"    {code}", "except SystemExit:", "    pass"]
    lines.append(f"print('\\nloaded:', *[name for name in {names!r} if name in sys.modules])")
    ask = "\n".join(lines)
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


HEAVY = ("numpy", "soundfile", "soxr", "loudness", "httpx", "asyncio", "msgspec", "rich", "watchfiles", "sqlite3")
SLOW = (*HEAVY, "pythonosc", "logging", "subprocess", "dataclasses")  # what a foot switch need not wait for either


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["remix", "--help"]], ids=" ".join)
def test_help_is_light(words: list[str]) -> None:
    assert loaded(f"import bridge.cli.main; bridge.cli.main.main({words!r})", *HEAVY) == set()


def test_help_is_light_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bridge", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bridge.cli.main" in names
    assert names.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["bridge.cli.commands.send", "bridge.client", "bridge.cli.commands.daemon"])
def test_the_short_commands_are_light(module: str) -> None:
    assert loaded(f"import {module}", *SLOW) == set()


def test_the_daemon_loads_no_midi_library_until_it_is_wanted() -> None:
    assert loaded("import bridge.daemon", "mido", "rtmidi2", "jack", "bridge.midi.surface") == set()
    assert loaded("import bridge.midi.requests", "mido") == {"mido"}
    assert loaded("import bridge.midi.requests, bridge.midi.port_process", "rtmidi2", "jack") == set()


@pytest.mark.parametrize(
    "module", ["bridge.daemon", "bridge.jobs.pipeline", "bridge.osc.server", "bridge.audition.player"]
)
def test_the_daemon_loads_no_signal_library(module: str) -> None:
    assert loaded(f"import {module}", *sorted(NUMERIC), "sounddevice") == set()
