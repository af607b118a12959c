"""Tests what the doctor finds about the scripts in the DAWs, and whether a DAW has connected."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from bridge import __version__
from bridge.doctor.examine import examine
from bridge.store.database import Database
from tests.doctor.examining import context_of, found


class TestDaws:
    def install(self, home: Path, tmp_path: Path, **changes: Any) -> Path:
        script, pointer = tmp_path / "reaper" / "ace-bridge_Install.lua", tmp_path / "reaper" / "ace-bridge.json"
        script.parent.mkdir(parents=True)
        script.write_text("-- a script")
        pointer.write_text(json.dumps({"home": str(home)}))
        files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (script, pointer)}
        note = {"daw": "reaper", "version": __version__, "pointer": str(pointer), "files": files, **changes}
        (home / "installed").mkdir()
        (home / "installed" / "reaper-1.json").write_text(json.dumps(note))
        return script

    def test_installed_scripts_and_a_connected_daw(self, home: Path, tmp_path: Path) -> None:
        self.install(home, tmp_path)
        database = Database(home / "bridge.db")
        database.hello("instance", "reaper", "7.60", "song", time.time() - 7200)
        database.close()
        assert found(context_of(home), "reaper.scripts").level == "well"
        hello = found(context_of(home), "reaper.hello")
        assert (hello.level, hello.text) == ("well", "REAPER 7.60 connected 2 hours ago.")

    def test_a_daw_that_has_not_connected(self, home: Path, tmp_path: Path) -> None:
        self.install(home, tmp_path)
        assert found(context_of(home), "reaper.hello").level == "hint"

    @pytest.mark.parametrize("what", ["gone", "changed", "older", "elsewhere"])
    def test_problems_of_the_scripts(self, home: Path, tmp_path: Path, what: str) -> None:
        script = self.install(home, tmp_path, **({"version": "0.0.9"} if what == "older" else {}))
        if what == "gone":
            script.unlink()
        elif what == "changed":
            script.write_text("-- my own")
        elif what == "elsewhere":
            (script.parent / "ace-bridge.json").write_text('{"home": "/other"}')
        finding = found(context_of(home), "reaper.scripts")
        assert finding.level == ("hint" if what == "changed" else "trouble")
        assert "ace-bridge install reaper" in finding.fix

    @pytest.mark.only_on("posix", because="the paths are those of other systems")
    def test_the_fix_names_an_unusual_folder(self, home: Path, tmp_path: Path) -> None:
        user = tmp_path / "user"
        folders = {"": user / ".config/REAPER", f" --folder '{tmp_path}/my stick'": tmp_path / "my stick"}
        for folder in folders.values():
            (folder / "Scripts" / "ACE Bridge").mkdir(parents=True)
            (folder / "reaper.ini").touch()
        for named, folder in folders.items():
            script = self.install(home, folder / "Scripts")
            script.unlink()
            finding = found(context_of(home, environ={"HOME": str(user)}), "reaper.scripts")
            assert finding.fix == f"Run `ace-bridge install reaper{named}`."
            shutil.rmtree(home / "installed")

    @pytest.mark.only_on("posix", because="the paths are those of other systems")
    def test_a_drive_that_is_not_connected(self, home: Path, tmp_path: Path) -> None:
        self.install(home, tmp_path, pointer=str(tmp_path / "drive/Scripts/ACE Bridge/ace-bridge.json"))
        finding = found(context_of(home), "reaper.scripts")
        assert (finding.level, f"{tmp_path}/drive" in finding.text) == ("hint", True)

    @pytest.mark.parametrize("own", [True, False])
    def test_scripts_that_are_installed_twice(self, home: Path, tmp_path: Path, own: bool) -> None:
        script = self.install(home, tmp_path, **({} if own else {"files": {}}))
        assert not [one for one in examine(context_of(home)) if one.check == "reaper.twice"]
        packaged = script.parent / "reaper_scripts" / script.name
        packaged.parent.mkdir()
        packaged.write_text("-- ReaPack's copy")
        told = [one for one in examine(context_of(home)) if one.check == "reaper.twice"]
        assert [str(packaged.parent) in one.text for one in told] == [True] * own
