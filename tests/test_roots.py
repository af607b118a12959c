"""Roots and the cache that keeps them: no interrupted build is used, and a killed run leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import cache, leftovers, roots
from tests.progress import StepFailed, run
from tests.waiting import until

pytestmark = pytest.mark.needs("roots")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache.folder()


@pytest.fixture
def here(tmp_path: Path) -> tuple[roots.Root, list[tuple[Path, str]]]:
    """Return a root without programs, and the mount that gives it those of this system."""
    folder = tmp_path / "root"
    for name in ("usr", "proc", "dev", "sys", "tmp", "run", "root", "mnt"):
        (folder / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / name).symlink_to(f"usr/{name}")
    return roots.Root(folder), [(Path("/usr"), "/usr")]


def test_a_program_sees_its_folders_and_changes_nothing_else(here, tmp_path):
    system, binds = here
    (shared := tmp_path / "shared").mkdir()
    script = "pwd; echo $NAME $HOME; echo one >/mnt/shared/file; echo two >/tmp/file; touch /forbidden"
    done = system.run(
        ["sh", "-c", script],
        cwd="/mnt/shared",
        env={"NAME": "value"},
        binds=[*binds, (shared, "/mnt/shared")],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "/mnt/shared\nvalue /root\n"
    assert done.returncode != 0
    assert "Read-only" in done.stderr
    assert (shared / "file").read_text() == "one\n"
    assert not list((system.folder / "tmp").iterdir())


def test_a_killed_run_leaves_no_process_and_no_mount(here, tmp_path):
    system, binds = here
    (shared := tmp_path / "shared").mkdir()
    alive = shared / "alive"
    os.mkfifo(alive)
    script = "(exec sleep 10000 3>/mnt/shared/alive) & echo started; wait"
    command = system.command(["sh", "-c", script], binds=[*binds, (shared, "/mnt/shared")])
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        reading = os.open(alive, os.O_RDONLY)  # returns when the grandchild has opened the other end
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert os.read(reading, 1) == b""  # the kernel closes the other end when the grandchild is gone
        os.close(reading)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    until(lambda: str(system.folder) not in Path("/proc/self/mountinfo").read_text())


def test_a_program_may_share_the_processes_of_this_system(here, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "a-run")
    system, binds = here
    (tmp_path / "shared").mkdir()
    words = ["sh", "-c", "kill -0 $OTHER && echo $$ seen; exec sleep 10000"]
    command = system.command(
        words,
        cwd="/new/place",
        env={"OTHER": str(os.getpid())},
        binds=[*binds, (tmp_path / "shared", "/new/place")],
        own_processes=False,
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{process.pid} seen\n"
        assert list(leftovers.find("a-run")) == [process.pid]
        process.terminate()
    assert process.returncode == -signal.SIGTERM


def test_an_interrupted_build_is_made_again(cache_folder):
    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.cached("thing", "1" * 12, interrupted)
    entry = cache.cached("thing", "1" * 12, lambda folder: (folder / "whole").touch())
    assert [one.name for one in entry.iterdir()] == ["whole"]
    assert cache.cached("thing", "1" * 12, interrupted) == entry  # not called again


def test_two_processes_make_an_entry_once(tmp_path, cache_folder):
    code = """if True:
        import sys
        from pathlib import Path
        from tests import cache

        def make(folder):
            with open(sys.argv[1], "a") as counts:
                counts.write("made\\n")
            (folder / "whole").touch()

        print(cache.cached("thing", "1" * 12, make) / "whole")
    """
    counts = tmp_path / "counts"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(counts)], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    answers = {process.communicate()[0].strip() for process in both}
    assert len(answers) == 1
    assert Path(answers.pop()).is_file()
    assert counts.read_text() == "made\n"


def test_waiting_for_another_process_is_shown(cache_folder, capsys):
    with cache.locked("thing"):
        waiting = threading.Thread(target=cache.cached, args=("thing", "1" * 12, lambda folder: None))
        waiting.start()
        until(lambda: "Waiting for another process that prepares thing" in capsys.readouterr().err)
    waiting.join()


def test_versions_that_nobody_uses_are_deleted(cache_folder):
    old, recent = (cache.cached("thing", number * 12, lambda folder: None) for number in "12")
    other = cache.cached("thing-else", "1" * 12, lambda folder: None)
    for entry in (old, other):
        os.utime(entry, (1e9, 1e9))
    new = cache.cached("thing", "3" * 12, lambda folder: None)
    assert sorted(one for one in cache_folder.iterdir() if one.is_dir()) == sorted([recent, new, other])


def test_a_failed_download_is_tried_again_and_its_error_names_no_mirror(tmp_path):
    log, counter = tmp_path / "log", tmp_path / "counter"
    script = f"echo try >>{counter}; echo from scheme://mirror.example/debian; test $(wc -l <{counter}) = 2"
    run(["sh", "-c", script], log, tries=3)
    assert counter.read_text() == "try\n" * 2
    with pytest.raises(StepFailed, match=r"(?s)failed.*from \(mirror\)") as failed:
        run(["sh", "-c", script], log, tries=2, hide=roots.without_addresses)
    assert "mirror.example" not in str(failed.value)


SOURCES = {
    "list": """
        # deb scheme://other.example/debian trixie main
        deb [signed-by=/key] scheme://security.example/debian-security bookworm-security main
        deb [signed-by=/key] scheme://mirror.example/debian bookworm main
        """,
    "sources": """
        Types: deb
        URIs: scheme://security.example/debian-security
        Suites: bookworm-security

        # A comment
        Types: deb deb-src
        URIs: scheme://mirror.example/debian scheme://other.example/debian
        Suites: bookworm bookworm-updates
        """,
}


@pytest.mark.parametrize("ending", SOURCES)
def test_the_mirror_is_that_of_this_system(ending, tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    text = "\n".join(line.strip() for line in SOURCES[ending].splitlines())
    (tmp_path / f"sources.list.d/debian.{ending}").write_text(text)
    assert roots.mirror(tmp_path) == "scheme://mirror.example/debian"


def test_a_system_without_a_mirror_is_named(tmp_path):
    with pytest.raises(StepFailed, match="name no Debian mirror"):
        roots.mirror(tmp_path)
