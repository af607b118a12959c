"""Tests that Windows paths of more than 259 characters are opened in their extended form, and shown in their usual one.

A fake gives every path in a folder “long” an extended form that leads to the folder “real”. Only that folder exists,
so a file that is opened in its usual form is not found.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.jobs.result_file import safe
from bridge.util import long_paths
from tests.fakes.studio import Studio, write_tone

DEEP = "\\".join(["a" * 50] * 6)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\short\\take.wav", "C:\\short\\take.wav"),
        (f"C:\\{DEEP}\\take.wav", f"\\\\?\\C:\\{DEEP}\\take.wav"),
        (f"C:/{DEEP}/take.wav".replace("\\", "/"), f"\\\\?\\C:\\{DEEP}\\take.wav"),
        (f"\\\\nas\\music\\{DEEP}\\take.wav", f"\\\\?\\UNC\\nas\\music\\{DEEP}\\take.wav"),
        (f"\\\\?\\C:\\{DEEP}", f"\\\\?\\C:\\{DEEP}"),
        (f"C:\\{DEEP}\\..\\.\\b\\take.wav", f"\\\\?\\C:\\{DEEP[:-51]}\\b\\take.wav"),
        (f"{DEEP}\\take.wav", f"{DEEP}\\take.wav"),
        (f"C:\\{'ä' * 250}", f"\\\\?\\C:\\{'ä' * 250}"),
    ],
)
def test_the_extended_form(path: str, expected: str) -> None:
    assert long_paths.extended_text(path) == expected


@pytest.mark.parametrize("path", [f"C:\\{DEEP}\\take.wav", f"\\\\nas\\music\\{DEEP}\\take.wav", "C:\\short.wav"])
def test_the_usual_form_is_found_again(path: str) -> None:
    assert long_paths.plain_text(long_paths.extended_text(path)) == path


def test_other_systems_have_no_extended_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_paths, "WINDOWS", False)
    path = tmp_path / ("a" * 200) / ("b" * 200)
    assert long_paths.extended(path) == long_paths.plain(path) == path
    assert not long_paths.is_too_long(path)


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose files exist only under their extended paths."""
    usual, real = str(tmp_path / "long"), str(tmp_path / "real")
    monkeypatch.setattr(long_paths, "WINDOWS", True)
    monkeypatch.setattr(long_paths, "extended_text", lambda path: path.replace(usual, real))
    monkeypatch.setattr(long_paths, "plain_text", lambda path: path.replace(real, usual))
    (tmp_path / "real").mkdir()
    return tmp_path / "long"


async def test_a_source_is_read_and_a_result_is_written(home: Path, tmp_path: Path, long: Path) -> None:
    write_tone(tmp_path / "real" / "tone.wav")
    async with Studio(home) as studio:
        job_id = await studio.remix(long / "tone.wav", project={"media_path": str(long)})
        [variation] = await studio.until(job_id, "done", "failed", "waiting")
    assert variation.result is not None, variation
    path = Path(variation.result["path"])
    assert path.parent == long
    assert (tmp_path / "real" / path.name).stat().st_size > 1000
    assert (tmp_path / "real" / path.with_suffix(".recipe.json").name).exists()
    assert not long.exists()
    assert str(tmp_path / "real") not in str(studio.document())


async def test_a_path_that_no_daw_can_open_is_refused_before_the_submission(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_paths, "WINDOWS", True)
    monkeypatch.setattr(long_paths, "extended_text", lambda path: path)
    folder = tmp_path / ("a" * 200) / ("b" * 60)
    async with Studio(home) as studio:
        job_id = await studio.remix(
            write_tone(tmp_path / "tone.wav"), project={"media_path": str(folder)}, daw={"name": "reaper"}
        )
        [variation] = await studio.until(job_id, "failed", "waiting")
        assert await studio.spent() == 0
    assert variation.error is not None
    assert "at most 259" in variation.error["text"]
    assert "Nothing was submitted" in variation.error["hint"]
    assert not list((home / "jobs").rglob("offline.json"))  # the submission of the offline engine


@pytest.mark.parametrize("name", ["CON .x", "conin$", "COM¹", "lpt9.take", "NUL"])
def test_names_of_windows_devices_are_changed(name: str) -> None:
    assert safe(name).startswith("_")
