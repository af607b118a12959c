"""Tests which paid results count as the user's own files, so that removing the bridge's home loses none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.cli import history
from bridge.cli.unsaved import unsaved


@pytest.mark.only_on("posix", because="Windows makes links only for administrators")
@pytest.mark.parametrize("inside", [True, False])
def test_a_result_in_a_home_that_is_reached_by_a_link(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    link = tmp_path / "link"
    link.symlink_to(home)
    result = (home / "jobs" / "one" if inside else tmp_path) / "result.wav"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_bytes(b"paid")
    job, variation = SimpleNamespace(id="one", price=0.1), SimpleNamespace(result={"path": str(result)})
    monkeypatch.setattr(history, "newest", lambda *_: [(job, [variation])])
    monkeypatch.setattr(history, "title", lambda job: job.id)
    assert unsaved(link) == (["one"] if inside else [])
