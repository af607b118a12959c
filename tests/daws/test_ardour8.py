"""Tests the run of the Ardour tests in a root, without Ardour: what counts as a failure, and how Ardour is found."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from tests import ardour8
from tests.daws.ardour.program import LATE_ABORT, Program, installed
from tests.roots import Root

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tests of Ardour run on Linux")


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        ("assert os.environ['ARDOUR_ROOT'] == '/some/root'", False),
        ("assert False", True),
        ("pytest.skip('a program is missing')", True),
    ],
)
def test_a_failed_or_skipped_test_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, failed: bool
) -> None:
    (tmp_path / "test_it.py").write_text(f"import os, pytest\ndef test_it():\n    {code}\n")
    monkeypatch.setattr(ardour8, "TESTS", tmp_path)
    monkeypatch.setattr(ardour8, "REPORT", tmp_path / "report.xml")
    assert ardour8._failed(Path("/some/root"), ["-n", "1", f"--rootdir={tmp_path}"]) == failed


def test_nothing_is_downloaded_without_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # no terminal
    assert ardour8.main([]) == 1
    assert "python -m tests.ardour8 --yes" in capsys.readouterr().err


def test_the_version_is_that_of_the_installed_program(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/ardour8"
    folder.mkdir(parents=True)
    for name in ("ardour-8.12.0~ds", "hardour-8.12.0~ds", "ardour-vst-scanner", "ardour-exec-wrapper"):
        (folder / name).touch()
    program = installed(Root(tmp_path))
    assert (program.series, program.version, program.config, program.used) == (8, "8.12", "ardour8", ".a8")
    assert program.keys == tmp_path / "etc/ardour8/ardour.keys"


@pytest.mark.parametrize(
    ("end", "accepted"),
    [
        ("echo Created session in here; exit 0", True),
        (f"echo Created session in here; echo '{LATE_ABORT}' >&2; kill -ABRT $$", True),
        (f"echo '{LATE_ABORT}' >&2; kill -ABRT $$", False),
        ("echo Created session in here; kill -ABRT $$", False),
        ("echo Created session in here; exit 1", False),
        ("exit 0", False),
    ],
)
def test_only_an_abort_after_the_session_is_written_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, accepted: bool
) -> None:
    program = tmp_path / "ardour99-new_session"
    program.write_text(f"#!/bin/sh\n{end}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ardour = Program(series=99, version="99.0")
    if accepted:
        assert ardour.new_session(tmp_path / "song", "song", 48_000) == tmp_path / "song" / "song.ardour"
    else:
        with pytest.raises(AssertionError):
            ardour.new_session(tmp_path / "song", "song", 48_000)
