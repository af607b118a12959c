"""Music recordings for tests, from Debian packages that `scripts/test --all` installs."""

from __future__ import annotations

from pathlib import Path

TRACKS = {
    "gravity": Path("/usr/share/tuxmath/sounds/03_gravity.ogg"),  # 120 BPM, CC-BY-SA-3.0
    "rush": Path("/usr/share/tuxmath/sounds/01_rush.ogg"),  # 100 BPM, CC-BY-SA-3.0
    "speeditup": Path("/usr/share/games/xmoto/Textures/Musics/speeditup.ogg"),  # 100 BPM, GPL-2+
}


def track(name: str) -> Path:
    """Return the path of a recording; if the file is missing, fail the test, because the set-up is wrong."""
    path = TRACKS[name]
    assert path.exists(), f"{path} is missing: scripts/test --all installs tuxmath-data and xmoto-data"
    return path
