"""Tests the hooks of the test run: parts, order, hangs, and processes that a test leaves running."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import leftovers, parts, tiers
from tests.scheduler import TOGETHER
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import times  # noqa: E402 - in scripts/

Output = pytest.CaptureFixture[str]
NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux has /proc")


def run_pytest(folder: Path, source: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a test file in a separate pytest process that uses the project's hooks."""
    (folder / "test_it.py").write_text(source, encoding="utf-8")
    (folder / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT}\ntimeout = 600\nmarkers = needs\n only_on\n slow\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.hangs", "-p", "tests.tiers", "-rA", *words, "test_it.py"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environ["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=PATIENCE)


BLOCKED = """
import ctypes, pathlib, subprocess
import pytest
from tests import hangs

hangs.GRACE = 0.5

def block():
    mutex = ctypes.create_string_buffer(256)
    lock = ctypes.PyDLL(None).pthread_mutex_lock  # PyDLL: no Python runs meanwhile
    assert lock(mutex) == 0
    lock(mutex)

def teardown_function(function):
    if function is test_fails_and_blocks_at_its_end:
        block()

def test_before():
    pass

@pytest.mark.timeout(10)  # s; long enough to start the process
def test_blocks():
    child = subprocess.Popen(["sleep", "1000"])
    pathlib.Path("child").write_text(str(child.pid))
    block()

def test_between():
    pass

@pytest.mark.timeout(10)
def test_fails_and_blocks_at_its_end():
    assert False, "pytest stops its own timers now"

def test_after():
    pass
"""


@pytest.mark.slow
@NEEDS_PROC
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_c_call_that_never_returns_fails_its_test_and_the_run_continues(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_other.py").write_text("def test_it(): pass\n" * 5)
    done = run_pytest(tmp_path, BLOCKED, "-n", workers, "--dist", "loadfile", "test_other.py")
    assert done.returncode == 1
    assert "4 passed, 3 failed" in done.stdout or "3 failed, 4 passed" in done.stdout
    for name in ("test_blocks", "test_fails_and_blocks_at_its_end"):
        assert f"crashed while running 'test_it.py::{name}'" in done.stdout
    assert 'in block\n  File "' in done.stderr
    assert "in test_blocks\n" in done.stderr
    assert "in teardown_function\n" in done.stderr
    until(lambda: not Path("/proc", (tmp_path / "child").read_text()).exists(), "the end of the test's process")


def marked(*marks: pytest.MarkDecorator) -> Any:
    """Return a fake test with the given markers. It has only the attributes that the hooks use."""
    return SimpleNamespace(nodeid="test_it", iter_markers=lambda name: [one.mark for one in marks if one.name == name])


def test_a_missing_part_skips_a_test_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts.shutil, "which", lambda name: None)
    with pytest.raises(pytest.skip.Exception, match=r"^needs codecs; not found here: ffmpeg, ffprobe, sox$"):
        tiers.pytest_runtest_setup(marked(pytest.mark.needs("codecs", "judges")))
    tiers.pytest_runtest_setup(marked())


@pytest.mark.parametrize("mark", [pytest.mark.needs("ardor"), pytest.mark.needs, pytest.mark.needs(part="ardour")])
def test_a_part_that_the_table_lacks_is_an_error(mark: pytest.MarkDecorator) -> None:
    with pytest.raises(pytest.UsageError, match=r"^test_it: needs\(\) takes one or more of ardour, jack"):
        tiers.parts_of(marked(mark))


SETS = "import pytest\n@pytest.mark.parametrize('val', [{'a', 'b', 'c'}, set()]%s)\ndef test_it(val): pass\n"


def test_a_set_is_named_the_same_in_every_worker(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, SETS % "")
    assert "PASSED test_it.py::test_it[a-b-c]\nPASSED test_it.py::test_it[none]" in done.stdout
    assert "leave out `ids`" in run_pytest(tmp_path, SETS % ", ids=str").stderr


def test_a_worker_can_report_any_text(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "def test_it(): print('\\ud800')\n", "-n", "1")
    assert "1 passed" in done.stdout


def test_files_that_take_longest_start_first() -> None:
    assert [name for name in (*tiers.LONGEST, *TOGETHER, *TOGETHER.values()) if not (ROOT / name).is_file()] == []


@NEEDS_PROC
def test_processes_of_a_run_are_found_and_killed() -> None:
    run = uuid.uuid4().hex
    environ = {**os.environ, "PYTEST_XDIST_TESTRUNUID": run, "PYTEST_XDIST_WORKER": "gw7"}
    with subprocess.Popen(["sleep", "1000"], env=environ) as process:
        until(lambda: "sleep 1000 " in leftovers.find(run, "gw7").values())
        assert leftovers.find(run, "gw1") == {}
        assert leftovers.kill(run) == {process.pid: "sleep 1000 "}
    assert leftovers.main(run) == 0


@NEEDS_PROC
def test_a_process_that_is_left_running_is_a_failure(capsys: Output) -> None:
    run = uuid.uuid4().hex
    with subprocess.Popen(["sleep", "1000"], env={**os.environ, "PYTEST_XDIST_TESTRUNUID": run}) as process:
        until(lambda: leftovers.find(run) or None)
        assert leftovers.main(run, 0.0) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"left running by a test, now killed: {process.pid} sleep 1000 \nPYTEST_CURRENT_TEST=tests/")


@NEEDS_PROC
def test_a_process_that_is_left_running_tells_where_it_hangs(capsys: Output, tmp_path: Path) -> None:
    run = uuid.uuid4().hex
    marks = {"PYTEST_XDIST_TESTRUNUID": run, "PYTHONFAULTHANDLER": "1", "ACE_BRIDGE_HOME": "/somewhere"}
    program = "import time\ndef rest():\n    print(1, flush=True); time.sleep(1000)\nrest()"
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", program], env={**os.environ, **marks}, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        assert leftovers.main(run, 0.0) == 1
    said = capsys.readouterr().out
    assert "ACE_BRIDGE_HOME=/somewhere\n" in said
    assert ", line 3 in rest\n" in said


def test_the_table_in_contributing_names_every_part() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    written = page.partition(times.BEGIN)[2].partition(times.END)[0].strip().splitlines()
    made = times.text({}, 0.0).splitlines()
    assert [row.split(" | ")[:3] for row in written[:-1]] == [row.split(" | ")[:3] for row in made[:-1]]


def test_times_are_summed_by_part(tmp_path: Path) -> None:
    source = "import pytest\ndef test_one(): pass\n@pytest.mark.slow\ndef test_two(): pass\n"
    run_pytest(tmp_path, source, "--junitxml=report.xml", "-n", "1")
    found, whole = times.times(tmp_path / "report.xml")
    assert {name: time.tests for name, time in found.items()} == {"fast": 1, "slow": 1}
    assert whole > 0
    assert "too long for `scripts/test` |  | 1 | 0 |" in times.text(found, whole)


ONLY_ON = """
import pytest

@pytest.mark.only_on("posix", because="one")
def test_posix(): pass

@pytest.mark.only_on("windows", because="two")
def test_windows(): pass

def test_both(): pass
"""


def test_tests_for_another_system_are_left_out(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, ONLY_ON)
    here, other = ("windows", "posix") if os.name == "nt" else ("posix", "windows")
    assert "2 passed, 1 deselected" in done.stdout
    assert f"test_it.py::test_{here}" in done.stdout
    assert f"test_it.py::test_{other}" not in done.stdout


@pytest.mark.parametrize("mark", [pytest.mark.only_on("beos"), pytest.mark.only_on, pytest.mark.only_on("nt", why="")])
def test_a_system_that_no_test_knows_is_an_error(mark: pytest.MarkDecorator) -> None:
    with pytest.raises(pytest.UsageError, match=r"^test_it: only_on\(\) takes one of posix, windows"):
        tiers.is_for(marked(mark), "posix")
