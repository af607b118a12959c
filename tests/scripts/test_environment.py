"""Tests that scripts/environment.py notices an environment that does not work, and makes it again.

The environments are real, but without pip, whose installation takes seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import environment  # noqa: E402 - in scripts/

WINDOWS = os.name == "nt"
MAKE = "import environment, machine\ntry: environment.make()\nexcept machine.Stop as stop: raise SystemExit(str(stop))"
MOVED = "This copy of ace-bridge was moved or copied. Creating .venv with Python "


class Copy:
    """A copy of the project that consists only of its scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "bridge").mkdir()
        (folder / "bridge" / "__init__.py").touch()

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / ("Scripts/python.exe" if WINDOWS else "bin/python")

    def makes(self, python: str = sys.executable, **environ: str) -> str:
        """Make or repair the environment, and return what this prints."""
        wrapped = {"ACE_BRIDGE_PYTHON": str(self._without_pip()), **os.environ, **environ}
        done = subprocess.run(
            [python, "-B", "-c", f"import sys\nsys.path.insert(0, {str(self.folder / 'scripts')!r})\n{MAKE}"],
            capture_output=True,
            text=True,
            env=wrapped,
            cwd=self.folder.parent,
            timeout=PATIENCE,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def _without_pip(self) -> Path:
        """Return a program that runs this Python, but makes environments without pip."""
        program = self.folder / "python-without-pip"
        program.write_text(
            "#!/bin/sh\n"
            f'if [ "$2" = venv ]; then shift 2; exec "{sys.executable}" -m venv --without-pip "$@"; fi\n'
            f'exec "{sys.executable}" "$@"\n'
        )
        program.chmod(0o755)
        return program

    def install_bridge(self) -> None:
        """Do what `pip install --editable .` does."""
        packages = next(self.venv.glob("lib/python*/site-packages"))
        (packages / "ace-bridge.pth").write_text(f"{self.folder}\n")
        about = packages / "ace_bridge-0.1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ace-bridge\nVersion: 0.1.0\n")

    def marks(self) -> Path:
        """Add a file to the environment, which exists until the environment is made again."""
        mark = self.venv / "mark"
        mark.touch()
        return mark


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy with a working environment, in a folder with a space and a letter ü."""
    made = Copy(tmp_path / "Müsic tools")
    assert made.makes().startswith("Creating .venv with Python 3.")
    made.install_bridge()
    return made


posix = pytest.mark.skipif(WINDOWS, reason="the program without pip is a shell script")


@posix
class TestRepair:
    def test_a_working_environment_is_kept(self, copy: Copy) -> None:
        mark = copy.marks()
        assert copy.makes() == ""
        assert mark.exists()

    def test_an_environment_is_made_again_after_a_move(self, copy: Copy) -> None:
        mark = copy.marks()
        copy.folder = copy.folder.rename(copy.folder.with_name("elsewhere"))
        assert copy.makes().startswith(MOVED)
        assert not mark.exists()
        assert copy.makes() == ""

    def test_a_copy_gets_an_environment_of_its_own(self, copy: Copy) -> None:
        old = copy.marks()
        other = copy.folder.with_name("other")
        shutil.copytree(copy.folder, other, symlinks=True)
        copy.folder = other
        assert copy.makes().startswith(MOVED)
        assert old.exists()

    def test_an_environment_with_the_bridge_of_another_copy_is_made_again(self, copy: Copy) -> None:
        mark = copy.marks()
        other = copy.folder.with_name("other")
        (other / "bridge").mkdir(parents=True)
        (other / "bridge" / "__init__.py").touch()
        next(copy.venv.glob("lib/python*/site-packages/*.pth")).write_text(f"{other}\n")
        assert copy.makes().startswith(MOVED)
        assert not mark.exists()

    def test_an_environment_is_made_again_after_its_python_was_removed(self, copy: Copy) -> None:
        mark = copy.marks()
        for name in ("python", "python3"):
            (copy.venv / "bin" / name).unlink()
            (copy.venv / "bin" / name).symlink_to("/removed/python3")
        assert copy.makes().startswith(
            "The Python that made .venv was removed or no longer starts. Creating .venv with"
        )
        assert not mark.exists()

    def test_an_environment_is_made_again_after_its_python_was_updated(self, copy: Copy) -> None:
        mark = copy.marks()
        settings = copy.venv / "pyvenv.cfg"
        version = "version = {}.{}".format(*sys.version_info[:2])
        assert version in settings.read_text()
        settings.write_text(settings.read_text().replace(version, "version = 3.1"))
        assert copy.makes().startswith("The Python that made .venv was updated to another version. Creating .venv with")
        assert not mark.exists()

    def test_the_python_of_the_environment_can_repair_it(self, copy: Copy) -> None:
        copy.folder = copy.folder.rename(copy.folder.with_name("elsewhere"))
        path = f"{copy.venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
        assert copy.makes(str(copy.python), PATH=path).startswith(MOVED)
        assert copy.makes() == ""

    def test_a_link_to_the_environment_of_another_copy_is_replaced(self, copy: Copy, tmp_path: Path) -> None:
        mark = copy.marks()
        other = Copy(tmp_path / "other")
        other.venv.symlink_to(copy.venv)
        assert other.makes().startswith(MOVED)
        assert not other.venv.is_symlink()
        assert mark.exists()


@pytest.mark.parametrize(
    ("name", "there"),
    [("bridge/__init__.py", True), (".venv/lib/bridge/__init__.py", True), ("../bridge/__init__.py", False)],
)
def test_a_module_of_this_copy_is_recognized(name: str, there: bool) -> None:
    assert environment._is_here(str(ROOT / name)) is there


def listing(*pythons: str) -> str:
    return "".join(
        f" -V:3.{14 - number}{' *' if number == 0 else ''}   {path}\n" for number, path in enumerate(pythons)
    )


@posix
class TestOnWindows:
    """Runs what is special on Windows, with a fake launcher `py`. `answers` are those of the Pythons."""

    @pytest.fixture(autouse=True)
    def windows(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, dict[str, object]] = {}
        monkeypatch.setattr(environment, "is_windows", lambda: True)
        monkeypatch.setattr(sys, "executable", r"C:\old\python.exe")
        monkeypatch.setattr(environment, "_ask", lambda python, code: self.answers.get(python))
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("ACE_BRIDGE_PYTHON", raising=False)
        self.launcher = tmp_path / "py"

    def has(self, *pythons: tuple[str, tuple[int, int, int], str]) -> None:
        """Install Pythons, each with its path, version and base folder."""
        lines = listing(*(path for path, _, _ in pythons))
        self.launcher.write_text(f"#!/bin/sh\nprintf '%s' '{lines}'\n")
        self.launcher.chmod(0o755)
        for path, version, base in pythons:
            self.answers[path] = {"version": version, "base": base}

    def test_the_launcher_finds_a_python(self) -> None:
        path = r"C:\Users\Zoë Müller\AppData\Local\Programs\Python\Python313\python.exe"
        self.has((r"C:\Python38\python.exe", (3, 8, 1), r"C:\Python38"), (path, (3, 13, 2), path[:-11]))
        assert environment._find_python()["path"] == path

    def test_a_python_from_the_store_is_refused_with_the_reason(self) -> None:
        store = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13_qbz5n2kfra8p0"
        alias = r"C:\Users\me\AppData\Local\Microsoft\WindowsApps\python.exe"
        self.has((alias, (3, 13, 2), store))
        with pytest.raises(environment.Stop, match="comes from the Microsoft Store") as refused:
            environment._find_python()
        assert alias in str(refused.value)
        assert "AppData, so REAPER would not see" in str(refused.value)
        self.has((alias, (3, 13, 2), store), (r"C:\Python311\python.exe", (3, 11, 9), r"C:\Python311"))
        assert environment._find_python()["path"] == r"C:\Python311\python.exe"

    def test_without_a_python_the_error_says_where_to_get_one(self) -> None:
        with pytest.raises(environment.Stop, match=r"Install it from https://www\.python\.org/downloads/"):
            environment._find_python()
