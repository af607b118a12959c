"""Tests how processes are started: flags and interpreter on each system, and that only one module starts processes."""

from __future__ import annotations

import ast
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.util import spawn
from bridge.util.child_process import ChildProcess
from bridge.util.spawn import LAUNCHER, NICENESS, Role, direct, options
from bridge.workers.pool import Workers

ROOT = Path(__file__).resolve().parents[2]
STARTERS = {
    "subprocess": {"Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"},
    "asyncio": {"create_subprocess_exec", "create_subprocess_shell"},
    "os": {"system", "popen", "startfile", "fork", "forkpty", "posix_spawn", "posix_spawnp"}
    | {f"{kind}{how}" for kind in ("exec", "spawn") for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")},
    "pty": {"spawn", "fork"},
    "webbrowser": {"open", "open_new", "open_new_tab"},
    "multiprocessing": {"Process", "Pool", "get_context"},
    "concurrent.futures": {"ProcessPoolExecutor"},
}
OF_A_LOOP = {"subprocess_exec", "subprocess_shell"}  # methods of an event loop
ALLOWED = {
    "bridge/util/spawn.py",  # starts all processes of the bridge
    "live_script/AceBridge/pointer.py",  # runs in Live, which cannot import the bridge
}


def starts(tree: ast.AST) -> Iterator[int]:
    """Yield the line of each use of a function that starts a process, except in annotations."""
    parts = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    annotations = {id(inner) for part in parts if part is not None for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in annotations:
            continue
        if isinstance(node, ast.Attribute) and (
            node.attr in STARTERS.get(ast.unparse(node.value), ())
            or node.attr in ("subprocess_exec", "subprocess_shell")
        ):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and {one.name for one in node.names} & STARTERS.get(
            node.module or "", set()
        ):
            yield node.lineno


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess\nsubprocess.run(['true'])",
        "import asyncio, subprocess\nasyncio.to_thread(subprocess.check_output, ['true'])",
        "from subprocess import Popen",
        "import os\nos.system('true')",
        "import os\nos.execv('true', ['true'])",
        "import asyncio\nasync def f(): await asyncio.create_subprocess_exec('true')",
        "def f(loop): loop.subprocess_exec(None, 'true')",
        "from concurrent.futures import ProcessPoolExecutor",
    ],
)
def test_the_check_finds_each_way_to_start_a_process(code: str) -> None:
    assert len(list(starts(ast.parse(code)))) == 1


def test_annotations_and_constants_start_no_process() -> None:
    assert not list(starts(ast.parse("def f(a: subprocess.Popen[bytes]) -> subprocess.Popen: return subprocess.PIPE")))


@pytest.mark.only_on("posix", because="the source text is the same on each system")
def test_only_one_module_starts_processes() -> None:
    paths = [path for folder in ("bridge", "live_script") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for path in paths
        if (lines := list(starts(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found.keys() == ALLOWED, {name: lines for name, lines in found.items() if name not in ALLOWED}


@pytest.mark.parametrize(
    ("role", "flags"),
    [
        ("daemon", 0x08000200),  # CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP, without DETACHED_PROCESS (0x8)
        ("helper", 0x08000000),  # CREATE_NO_WINDOW
    ],
)
def test_no_process_opens_a_window_on_windows(role: Role, flags: int) -> None:
    assert options(role, "win32") == {"creationflags": flags}


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_only_the_daemon_gets_a_session_of_its_own(platform: str) -> None:
    assert options("daemon", platform) == {"start_new_session": True}
    assert options("helper", platform) == {}


VENV, BASE = r"C:\Users\Jörg\bridge\Scripts\python.exe", r"C:\Python311\python.exe"


def test_a_virtual_environment_on_windows_needs_no_launcher() -> None:
    words, environ = direct([VENV, "-m", "bridge"], {"A": "1"}, "win32", VENV, BASE)
    assert words == [BASE, "-m", "bridge"]
    assert environ == {"A": "1", LAUNCHER: VENV}


def test_without_a_virtual_environment_python_is_started_directly() -> None:
    same = BASE.replace("Python311", "PYTHON311")
    assert direct([BASE, "-m", "bridge"], {}, "win32", BASE, same) == ([same, "-m", "bridge"], {})


def test_pythonw_starts_python_because_helpers_write_to_pipes() -> None:
    venv, base = VENV.replace("python.exe", "pythonw.exe"), BASE.replace("python.exe", "pythonw.exe")
    assert direct([venv, "-c", ""], {}, "win32", venv, base) == ([BASE, "-c", ""], {LAUNCHER: VENV})


@pytest.mark.parametrize(("program", "platform"), [("ffmpeg", "win32"), (VENV, "linux"), (VENV, "darwin")])
def test_other_programs_and_systems_keep_their_command(program: str, platform: str) -> None:
    assert direct([program, "-h"], {"A": "1"}, platform, VENV, BASE) == ([program, "-h"], {"A": "1"})


def test_run_returns_the_exit_code_and_the_output() -> None:
    code = "import sys; print(repr(sys.stdin.read())); print('no', file=sys.stderr); sys.exit(3)"
    done = spawn.run([sys.executable, "-c", code], environ={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (3, b"''", b"no")


def test_a_program_that_does_not_end_is_killed() -> None:
    with pytest.raises(TimeoutError, match=r"did not end within 0\.1 s"):
        spawn.run([sys.executable, "-c", "import time; time.sleep(600)"], timeout_seconds=0.1)


@pytest.mark.only_on("posix", because="Windows has priority classes instead of niceness")
async def test_a_worker_gives_way_and_a_helper_does_not(tmp_path: Path) -> None:
    (tmp_path / "niceness_tasks.py").write_text(
        "import os, sys\n"
        "from bridge.util import spawn\n"
        "TASKS = {'niceness': 'niceness_tasks:niceness'}\n"
        "def niceness(args, tell):\n"
        "    ask = 'import os; print(os.getpriority(os.PRIO_PROCESS, 0))'\n"
        "    child = int(spawn.run([sys.executable, '-c', ask]).stdout)\n"
        "    return {'own': os.getpriority(os.PRIO_PROCESS, 0), 'child': child}\n"
    )
    here = os.getpriority(os.PRIO_PROCESS, 0)
    lower = min(here + NICENESS, 19)
    workers = Workers(1, tasks="niceness_tasks", environ={**os.environ, "PYTHONPATH": str(tmp_path)})
    try:
        assert await workers.run("niceness", {}) == {"own": lower, "child": lower}
    finally:
        await workers.aclose()
    code = "import os; print('{\"own\": %d}' % os.getpriority(os.PRIO_PROCESS, 0), flush=True)"
    helper = await ChildProcess.start(sys.executable, "-c", code)
    assert await helper.read() == {"own": here}
    await helper.end(100)


def test_a_worker_gives_way_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int | None, int]] = []

    def set_priority_class(process: ctypes.c_void_p, priority: int) -> int:
        asked.append((process.value, priority))
        return 1

    kernel = SimpleNamespace(SetPriorityClass=set_priority_class)
    monkeypatch.setattr(ctypes, "WinDLL", {"kernel32": kernel}.__getitem__, raising=False)
    spawn.give_way("win32")
    assert asked == [(ctypes.c_void_p(-1).value, 0x4000)]  # GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS
