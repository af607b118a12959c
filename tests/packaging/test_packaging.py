"""Tests that `python -m tests.packaging` notices what is wrong and says so in a sentence."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging import __main__, building, environments
from tests.progress import StepFailed
from tests.roots import Root


def wheel(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_missing_and_different_files_are_named(tmp_path: Path) -> None:
    one = wheel(tmp_path / "1.whl", {"same": "1", "differs": "1", "only here": "1"})
    other = wheel(tmp_path / "2.whl", {"same": "1", "differs": "2", "only there": "1"})
    assert building.differences(one, other) == ["differs", "only here", "only there"]
    assert building.differences(one, one) == []


def test_a_copy_from_outside_the_environment_is_refused(tmp_path: Path) -> None:
    """This Python has the project as a checkout, as in a clean environment that is not clean."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    words = [sys.executable, environments.SMOKE, version]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The package comes from ")


def test_another_version_of_python_is_refused(tmp_path: Path) -> None:
    words = [sys.executable, environments.SMOKE, "2.7"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr.strip().endswith("instead of 2.7.")) == (1, True)


def test_without_any_new_python_the_reasons_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str, suite: str, packages: object) -> Root:
        raise StepFailed(f"no such package in {suite}")

    monkeypatch.setattr(environments, "root", refused)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(StepFailed, match=r"There is no Python 3\.14 .*\n.*in testing\n.*in sid"):
        environments.newest(tmp_path)


def test_a_failure_is_the_exit_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(folder: Path) -> None:
        raise StepFailed("The wheel lacks presets.")

    monkeypatch.setattr(__main__, "_test", fails)
    assert __main__.main(["--yes"]) == 1
    assert capsys.readouterr().err.startswith("The wheel lacks presets.\nPackaging: failed")
