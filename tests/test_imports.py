"""Tests the structure of bridge/: what each package may import, and in which folder a module belongs.

LAYERS and BESIDE define the structure. Each rule is a function that receives the parsed package and yields violations.
The rules themselves are tested on small packages, each with a deliberate violation.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.package_source import Package, read

ROOT = Path(__file__).resolve().parent.parent

# Layers, from the command line down to the errors. A package may import those on lower lines, but none on its own line.
LAYERS = (
    "__main__",
    "cli",
    "daemon doctor",
    "osc midi hotkeys",
    "control",
    "jobs installers",
    "engines daws",
    "store",
    "protocol",
    "presets",
    "config",
    "util",
    "errors",
)
# Packages outside the layers: (packages that it may import, packages that may import it).
BESIDE = {
    "events": ("", "cli daemon doctor osc midi hotkeys control jobs installers engines daws store"),
    "audio": ("util", "cli"),
    "workers": ("audio util errors", "cli daemon jobs engines"),
    "audition": ("audio util errors", "daemon control"),
    "client": ("util errors", "cli doctor"),
}
FLAT = {"__init__", "__main__", "client", "daemon", "events"}  # the only modules outside a package
# What the __init__.py of a package may contain besides its docstring. In all other packages: nothing.
INITS_WITH_CODE = {"bridge": "assignments", "bridge.errors": "imports"}
COMPOSITION_ROOT = "bridge.daemon"  # the only module that imports concrete DAWs and engines
PROTOCOLS = ("bridge.daws.base", "bridge.engines.base")  # imported elsewhere instead of concrete DAWs and engines
TASKS = "bridge.workers.tasks"
TASK_NEEDS = ("bridge.audio", "bridge.errors", "bridge.util.busy_files", "bridge.util.this_copy")
STAGES = "bridge.jobs.stages"
RESAMPLER = "bridge.audio.resample"  # the only module that imports soxr, because soxr is not installed everywhere
NUMERIC = {"numpy", "scipy", "soundfile", "soxr", "python_stretch"}
LONGEST = 400  # maximum number of lines in a module


# --- imports ----------------------------------------------------------------------------------------------------------


def is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def package_of(module: str) -> str:
    """Return the package in bridge/ that contains a module, or else the module's own name; "" for bridge itself."""
    return module.split(".")[1] if module.startswith("bridge.") else ""


def edges(package: Package) -> Iterator[tuple[str, str]]:
    """Yield each import within bridge/ as (importer, imported)."""
    for module in package.values():
        yield from ((module.name, target) for target in sorted(module.imports) if is_in(target, "bridge"))


def may_import() -> dict[str, set[str]]:
    """Return the packages that each package may import."""
    allowed: dict[str, set[str]] = {}
    for row in reversed(LAYERS):
        below = set(allowed)
        allowed |= {name: set(below) for name in row.split()}
    for name, (needed, users) in BESIDE.items():
        allowed[name] = set(needed.split())
        for user in users.split():
            allowed[user].add(name)
    return allowed


def cycles(graph: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield import cycles, at least one for each group of names that import each other."""

    def walk(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for target in sorted(graph.get(path[-1], ())):
            if target == path[0]:
                yield path
            elif target > path[0] and target not in seen:
                seen.add(target)
                yield from walk((*path, target))

    for start in sorted(graph):
        seen: set[str] = set()
        for path in walk((start,)):
            yield " → ".join((*path, start))


# --- rules -----------------------------------------------------------------------------------------------------------


def wrong_layer(package: Package) -> Iterator[str]:
    """Yield each import that LAYERS and BESIDE do not allow."""
    allowed = may_import()
    for module, target in edges(package):
        own, other = package_of(module), package_of(target)
        if own != other and other and own and other not in allowed.get(own, ()):
            yield f"{module} → {target}"


def unknown_package(package: Package) -> Iterator[str]:
    """Yield each package that is missing from LAYERS and BESIDE."""
    yield from sorted({package_of(name) for name in package} - set(may_import()) - {""})


def module_cycle(package: Package) -> Iterator[str]:
    """Yield each cycle of modules that import each other."""
    graph: dict[str, set[str]] = {}
    for module, target in edges(package):
        graph.setdefault(module, set()).add(target)
    yield from cycles(graph)


def package_cycle(package: Package) -> Iterator[str]:
    """Yield each cycle of packages that import each other."""
    graph: dict[str, set[str]] = {}
    for module, target in edges(package):
        if package_of(module) != package_of(target) and package_of(target):
            graph.setdefault(package_of(module), set()).add(package_of(target))
    yield from cycles(graph)


def flat_module(package: Package) -> Iterator[str]:
    """Yield each module that is directly in bridge/ but should be in a package."""
    for module in package.values():
        if module.name.count(".") == 1 and not module.is_package and package_of(module.name) not in FLAT:
            yield module.name


def code_in_init(package: Package) -> Iterator[str]:
    """Yield each package whose __init__.py lacks a docstring or contains code that INITS_WITH_CODE does not allow."""
    kinds = {"assignments": ast.Assign, "imports": (ast.ImportFrom, ast.Assign)}
    for module in package.values():
        if module.is_package:
            spared = kinds.get(INITS_WITH_CODE.get(module.name, ""), ())
            first, *others = module.tree.body or [ast.Pass()]
            is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if not is_docstring or any(not isinstance(one, spared) for one in others):
                yield module.name


def numeric_outside(package: Package) -> Iterator[str]:
    """Yield each import of a signal processing library, except in audio/ and in the tasks of worker processes."""
    for module in package.values():
        if not is_in(module.name, "bridge.audio", TASKS):
            yield from (f"{module.name} → {name}" for name in module.imports if name.split(".")[0] in NUMERIC)


def soxr_outside(package: Package) -> Iterator[str]:
    """Yield each import of soxr, except in RESAMPLER."""
    yield from (name for name, module in package.items() if "soxr" in module.imports and name != RESAMPLER)


def task_too_wide(package: Package) -> Iterator[str]:
    """Yield each import by a task, except imports of TASK_NEEDS. All else a task needs must be in its arguments."""
    for module, target in edges(package):
        if is_in(module, TASKS) and not is_in(target, TASKS, *TASK_NEEDS):
            yield f"{module} → {target}"


def stage_imports_stage(package: Package) -> Iterator[str]:
    """Yield each import of one stage by another stage. Only the pipeline combines stages."""
    for module, target in edges(package):
        if is_in(module, STAGES) and is_in(target, STAGES):
            yield f"{module} → {target}"


def concrete_outside(package: Package) -> Iterator[str]:
    """Yield each import of a concrete DAW or engine, except in daemon.py. Other modules import only PROTOCOLS."""
    for module, target in edges(package):
        concrete = target.startswith(("bridge.daws.", "bridge.engines.")) and target not in PROTOCOLS
        own = module.split(".")[:3] == target.split(".")[:3]  # both modules belong to the same DAW or engine
        if concrete and not own and module != COMPOSITION_ROOT:
            yield f"{module} → {target}"


def too_long(package: Package) -> Iterator[str]:
    """Yield each module that has too many lines."""
    yield from (f"{one.name}: {one.lines} lines" for one in package.values() if one.lines > LONGEST)


Rule = Callable[[Package], Iterator[str]]
RULES: tuple[Rule, ...] = (
    wrong_layer,
    unknown_package,
    module_cycle,
    package_cycle,
    flat_module,
    code_in_init,
    numeric_outside,
    soxr_outside,
    task_too_wide,
    stage_imports_stage,
    concrete_outside,
    too_long,
)


@cache
def bridge() -> Package:
    return read(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_bridge_breaks_no_rule(rule: Rule) -> None:
    assert sorted(rule(bridge())) == []


def test_imports_of_every_kind_are_found() -> None:
    assert len(bridge()) > 200
    assert bridge()["bridge.audio.files"].imports >= {"numpy", "soundfile"}
    assert "bridge.errors" in bridge()["bridge.jobs.stages.remix"].imports
    assert bridge()["bridge.cli.main"].imports >= {"bridge.cli.commands.remix"}, "by an f-string"
    assert bridge()["bridge.workers.task_table"].imports >= {"bridge.workers.tasks.fit"}, "by a table of strings"
    assert "bridge.audition.process" not in bridge()["bridge.cli.commands.send"].imports, "that is another process"


def test_the_layers_have_no_cycle() -> None:
    assert list(cycles(may_import())) == []


@pytest.mark.parametrize("module", ["bridge.protocol.job"])
def test_the_job_module_imports_nothing_of_bridge(module: str) -> None:
    assert [target for source, target in edges(bridge()) if source == module] == []


# --- planted violations ----------------------------------------------------------------------------------------------

SMALL = {
    "bridge/__init__.py": '"""A package."""\n\n__version__ = "1"\n',
    "bridge/daemon.py": "from bridge.engines.offline import make\nfrom bridge.jobs import scheduler\n",
    "bridge/errors/__init__.py": '"""The tree."""\n\nfrom bridge.errors.base import Error\n\n__all__ = ["Error"]\n',
    "bridge/errors/base.py": "class Error(Exception): ...\n",
    "bridge/audio/__init__.py": '"""Sound."""\n',
    "bridge/audio/gain.py": "import numpy\n",
    "bridge/cli/__init__.py": '"""Commands."""\n',
    "bridge/cli/main.py": "from importlib import import_module\nimport_module(f'bridge.cli.commands.{word}')\n",
    "bridge/cli/commands/__init__.py": '"""Subcommands."""\n',
    "bridge/cli/commands/play.py": "COMMAND = ['python', '-m', 'bridge.cli.main']\n",
    "bridge/jobs/__init__.py": '"""Jobs."""\n',
    "bridge/jobs/scheduler.py": "from bridge.engines.base import Engine\nfrom bridge.store import records\n",
    "bridge/jobs/stages/__init__.py": '"""Stages."""\n',
    "bridge/jobs/stages/fit.py": "from bridge.errors import Error\n",
    "bridge/jobs/stages/place.py": "",
    "bridge/engines/__init__.py": '"""Engines."""\n',
    "bridge/engines/base.py": "class Engine: ...\n",
    "bridge/engines/offline.py": "from bridge.engines.base import Engine\n",
    "bridge/engines/fal/__init__.py": '"""fal."""\n',
    "bridge/engines/fal/queue.py": "",
    "bridge/engines/fal/engine.py": "from bridge.engines.fal import queue\n",
    "bridge/store/__init__.py": '"""The journal."""\n',
    "bridge/store/records.py": "from bridge import __version__\n",
    "bridge/workers/__init__.py": '"""Workers."""\n',
    "bridge/workers/tasks/__init__.py": '"""Tasks."""\n',
    "bridge/workers/tasks/fit.py": "import numpy\nfrom bridge.audio import gain\n",
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return the folder of a small package that breaks no rule."""
    for name, text in SMALL.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("rule", RULES)
def test_a_correct_package_breaks_no_rule(small: Path, rule: Rule) -> None:
    assert list(rule(read(small))) == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (wrong_layer, "jobs/scheduler.py", "import bridge.daemon"),
        (wrong_layer, "jobs/stages/fit.py", "def late():\n    from bridge.cli.main import main"),
        (wrong_layer, "jobs/scheduler.py", "if TYPE_CHECKING:\n    from bridge.cli import main"),
        (wrong_layer, "store/records.py", "import_module('bridge.jobs.stages.place')"),
        (wrong_layer, "errors/base.py", "from ..store import records"),
        (wrong_layer, "audio/gain.py", "from bridge.errors import Error"),
        (wrong_layer, "jobs/scheduler.py", "from bridge.audio import gain"),
        (wrong_layer, "engines/fal/queue.py", "from bridge.cli.main import main"),
        (unknown_package, "misc/__init__.py", '"""Odds and ends."""'),
        (module_cycle, "cli/commands/play.py", "from bridge.cli.main import home"),
        (module_cycle, "cli/commands/play.py", "from bridge.cli import main"),
        (module_cycle, "engines/fal/queue.py", "def late():\n    from . import engine"),
        (module_cycle, "engines/base.py", "TABLE = {'offline': 'bridge.engines.offline:make'}"),
        (package_cycle, "store/records.py", "from bridge.jobs.stages.place import SHOWN"),
        (package_cycle, "engines/fal/queue.py", "import_module(f'bridge.jobs.stages.{name}')"),
        (flat_module, "helper.py", ""),
        (code_in_init, "jobs/__init__.py", '"""Jobs."""\nfrom bridge.jobs.scheduler import Scheduler'),
        (code_in_init, "jobs/__init__.py", "VERSION = 1"),
        (code_in_init, "store/__init__.py", ""),
        (code_in_init, "__init__.py", '"""A package."""\nimport sys'),
        (code_in_init, "errors/__init__.py", '"""The tree."""\ndef from_wire(): ...'),
        (numeric_outside, "jobs/scheduler.py", "import numpy as np"),
        (numeric_outside, "store/records.py", "def late():\n    from scipy import signal"),
        (numeric_outside, "workers/pool.py", "import soundfile"),
        (soxr_outside, "audio/gain.py", "import soxr"),
        (soxr_outside, "workers/tasks/fit.py", "def late():\n    from soxr import resample"),
        (task_too_wide, "workers/tasks/fit.py", "from bridge.store import records"),
        (stage_imports_stage, "jobs/stages/fit.py", "from bridge.jobs.stages import place"),
        (stage_imports_stage, "jobs/stages/fit.py", "from . import place"),
        (stage_imports_stage, "jobs/stages/fit.py", "def late():\n    from .place import x"),
        (concrete_outside, "jobs/stages/fit.py", "from bridge.engines.fal.engine import FalEngine"),
        (concrete_outside, "jobs/scheduler.py", "import_module('bridge.engines.offline')"),
        (concrete_outside, "engines/offline.py", "from bridge.engines.fal import engine"),
        (too_long, "store/records.py", "\n" * 401),
    ],
)
def test_a_rule_finds_a_planted_violation(small: Path, rule: Rule, path: str, text: str) -> None:
    file = small / "bridge" / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    assert len(list(rule(read(small)))) == 1
