"""Tests the commands that add an extra to a copy or remove it, for each way to install it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.util.this_copy import Copy, Installed, this_copy

ROOT = Path(__file__).resolve().parents[2]
METADATA = Installed(
    requirements=(
        "numpy>=2.0",
        "mido>=1.3.3; extra == 'midi'",
        "jack-client>=0.5.7; (sys_platform == 'linux') and extra == 'midi'",
        'zeroconf>=0.140; extra == "lan"',
        "ace-bridge[lan,midi]; extra == 'all'",
    )
)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy that pip installed into an environment with a space in its path."""
    prefix = tmp_path / "my env"
    prefix.mkdir()
    return Copy(prefix, f"{prefix}/bin/python", prefix / "lib/bridge", "linux", METADATA)


def receipt(copy: Copy, requirements: str) -> None:
    (copy.prefix / "uv-receipt.toml").write_text(f"[tool]\nrequirements = [{requirements}]\n", "utf-8")


def test_pip_of_this_environment(copy: Copy) -> None:
    assert copy.to_add("midi") == f"'{copy.python}' -m pip install 'ace-bridge[midi]'"
    assert copy.to_remove() == f"'{copy.python}' -m pip uninstall ace-bridge"


def test_powershell_runs_a_quoted_path(copy: Copy) -> None:
    windows = replace(copy, platform="win32", python=r"C:\Users\Zoë M\python.exe")
    assert windows.to_add("lan") == r"& 'C:\Users\Zoë M\python.exe' -m pip install 'ace-bridge[lan]'"
    assert windows.to_remove() == r"& 'C:\Users\Zoë M\python.exe' -m pip uninstall ace-bridge"


def test_an_environment_without_pip_was_made_by_uv(copy: Copy) -> None:
    made = replace(copy, has_pip=False)
    assert made.to_add("midi") == f"uv pip install --python '{copy.python}' 'ace-bridge[midi]'"
    assert made.to_remove() == f"uv pip uninstall --python '{copy.python}' ace-bridge"


def test_pip_needs_leave_in_the_systems_python(copy: Copy) -> None:
    managed = replace(copy, managed=True, python="/usr/bin/python3")
    assert managed.to_add("lan") == "/usr/bin/python3 -m pip install --break-system-packages 'ace-bridge[lan]'"
    assert managed.to_remove() == "/usr/bin/python3 -m pip uninstall --break-system-packages ace-bridge"


@pytest.mark.parametrize(("platform", "packages"), [("linux", "mido jack-client"), ("darwin", "mido")])
def test_pipx_gets_the_packages_for_this_system(copy: Copy, platform: str, packages: str) -> None:
    (copy.prefix / "pipx_metadata.json").touch()
    assert replace(copy, platform=platform).to_add("midi") == f"pipx inject ace-bridge {packages}"
    assert copy.to_remove() == "pipx uninstall ace-bridge"


@pytest.mark.parametrize(
    ("requirements", "command"),
    [
        ('{ name = "ace-bridge" }', "--with zeroconf ace-bridge"),
        ('{ name = "ace-bridge", extras = ["midi"] }', "--with zeroconf 'ace-bridge[midi]'"),
        (
            '{ name = "ace-bridge", directory = "/a b" }, { name = "mido", specifier = ">=1.3" }',
            "--with 'mido>=1.3' --with zeroconf '/a b'",
        ),
        (
            '{ name = "ace-bridge", editable = "/clone", extras = ["midi"] }',
            "--editable --with zeroconf '/clone[midi]'",
        ),
    ],
)
def test_uv_is_told_again_what_is_installed_already(copy: Copy, requirements: str, command: str) -> None:
    receipt(copy, requirements)
    assert copy.to_add("lan") == f"uv tool install {command}"
    assert copy.to_remove() == "uv tool uninstall ace-bridge"


def test_a_damaged_record_of_uv_counts_as_empty(copy: Copy) -> None:
    receipt(copy, "{")
    assert copy.to_add("lan") == "uv tool install --with zeroconf ace-bridge"


@pytest.mark.parametrize(("platform", "program"), [("linux", "uv"), ("win32", "uv.exe")])
def test_the_double_click_installers_own_uv_is_used(tmp_path: Path, platform: str, program: str) -> None:
    prefix = tmp_path / "tools" / "ace-bridge"
    uv = tmp_path / "uv" / program
    for folder in (prefix, uv.parent):
        folder.mkdir(parents=True)
    uv.touch()
    copy = Copy(prefix, "/p/python", prefix / "lib/bridge", platform, METADATA)
    receipt(copy, '{ name = "ace-bridge", directory = "/download" }')
    words = copy.to_add("lan").removeprefix("& ").replace("'", "")
    assert words == f"{uv} pip install --python /p/python zeroconf"
    assert copy.to_remove() == f"delete the folder {tmp_path}"


@pytest.mark.only_on("posix", because="the paths are those of other systems")
@pytest.mark.parametrize("installed", [None, Installed(editable=True)])
def test_a_checkout_is_named(copy: Copy, tmp_path: Path, installed: Installed | None) -> None:
    clone = replace(copy, package=tmp_path / "clone" / "bridge", installed=installed)
    assert clone.to_add("midi") == f"'{copy.python}' -m pip install --editable '{tmp_path}/clone[midi]'"
    gone = f"delete the folder {tmp_path}/clone"
    assert clone.to_remove() == (gone if installed is None else f"'{copy.python}' -m pip uninstall ace-bridge")


def test_a_checkout_with_its_environment_inside_is_one_folder(copy: Copy, tmp_path: Path) -> None:
    clone = replace(copy, package=tmp_path / "bridge", installed=Installed(editable=True))
    assert clone.to_remove() == f"delete the folder {tmp_path}"


@pytest.mark.only_on("posix", because="the paths are those of other systems")
def test_this_copy_is_a_clone() -> None:
    found = this_copy()
    assert found.to_remove() == f"delete the folder {ROOT}"
    assert found.to_add("midi").endswith(f"install --editable '{ROOT}[midi]'")
    assert found.python == sys.executable


@pytest.mark.only_on("posix", because="a POSIX shell")
def test_the_command_runs_in_a_shell(tmp_path: Path) -> None:
    """The environment has no pip, and uv is a program that prints its arguments."""
    env = tmp_path / "an env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    show = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from bridge.util.this_copy import this_copy as copy"
    python = str(env / "bin" / "python")
    done = subprocess.run(
        [python, "-c", f"{show}; print(copy().to_add('midi'))"], capture_output=True, text=True, check=True
    )
    (tmp_path / "uv").write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    (tmp_path / "uv").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    ran = subprocess.run(["sh", "-c", done.stdout], capture_output=True, text=True, env={"PATH": path}, check=True)
    assert ran.stdout == f"pip|install|--python|{python}|--editable|{ROOT}[midi]|"


@pytest.mark.only_on("posix", because="reads the source text, which is the same on every system")
def test_no_other_module_names_an_install_command() -> None:
    """`pip install 'ace-bridge[midi]'` fails or reaches another copy, unless it is of this copy."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "bridge").rglob("*.py"))
        if re.search(r"pipx? (un)?install|uv (tool|pip) ", path.read_text("utf-8"))
    ]
    assert found == ["bridge/util/this_copy.py"]
