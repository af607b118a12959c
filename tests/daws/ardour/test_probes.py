"""Checks facts from docs/decisions/0006-ardour.md in a real Ardour: what undo covers, and how regions are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from tests.daws.ardour import saved
from tests.daws.ardour.conftest import Open
from tests.daws.ardour.studio import REGION, Studio, music

# Reads a region through Lua and bounces its range. Returns how many regions were added, and how many channels the
# bounced region has.
HEARD = """
local reader, buffer = one:to_audioregion ():to_readable (), ARDOUR.DSP.DspShm (8192)
local file = assert (io.open ("{folder}/read.raw", "wb"))
for at = 0, 95999, 8000 do
  local values = {{}}
  assert (reader:read (buffer:to_float (0), at, 8000, 0) == 8000)
  for _, value in ipairs (buffer:to_float (0):get_table (8000)) do values[#values + 1] = string.pack ("<f", value) end
  file:write (table.concat (values))
end
file:close ()
local function count ()
  local number = 0
  for _ in ARDOUR.RegionFactory.regions ():iter () do number = number + 1 end
  return number
end
local before = count ()
local bounced = route:to_track ():bounce_range (96000, 192000, ARDOUR.InterThreadInfo (), ARDOUR.LuaAPI.nil_proc (),
  false, "bounced")
return count () - before .. " " .. bounced:to_audioregion ():n_channels ()
"""

EMBED = """
local made = Session:new_audio_track (2, 2, nil, 1, "new", 9, ARDOUR.TrackMode.Normal, true, false):front ():to_track ()
local files = C.StringVector () files:push_back ("{path}")
Editor:do_embed (files, Editing.ImportDistinctFiles, Editing.ImportToTrack, Temporal.timepos_t (48000),
  ARDOUR.PluginInfo (), made)
"""


def regions(studio: Studio, track: str) -> tuple[saved.Region, ...]:
    return next(one.regions for one in studio.save() if one.name == track)


def test_what_undo_covers(open_studio: Open, tmp_path: Path) -> None:
    """Undo removes an embedded region but not the track made for the region; embedding does not copy the file."""
    studio = open_studio(daemon=False)
    source = music(tmp_path / "take.wav")
    studio.lua(EMBED.format(path=source))
    (region,) = regions(studio, "new")
    assert (region.position, {path for path, _ in region.sources}) == (48_000, {source})
    studio.lua("Editor:undo (1)")
    assert regions(studio, "new") == ()
    studio.lua("Editor:undo (1)")  # there is nothing more to undo
    assert [track.name for track in studio.save()] == ["new"]
    assert not list(studio.session.parent.rglob("*.wav"))


def test_reading_and_bouncing_a_region(open_studio: Open, tmp_path: Path) -> None:
    """Reading returns unprocessed samples; bounce_range applies gain and fades, and adds a file and a region."""
    studio = open_studio(daemon=False)
    source = music(tmp_path / "take.wav", channels=1)
    clip = studio.clip(source, position=96_000, start=24_000, length=96_000)
    studio.change(
        clip,
        """
        local audio = one:to_audioregion ()
        audio:set_scale_amplitude (0.5)
        audio:set_fade_in_shape (ARDOUR.FadeShape.FadeLinear) audio:set_fade_in_length (4800)
        audio:set_fade_out_shape (ARDOUR.FadeShape.FadeLinear) audio:set_fade_out_length (9600)
        """,
    )
    audio = studio.session.parent / "interchange" / "song" / "audiofiles"
    before = set(audio.iterdir())
    added = studio.lua(f'{REGION}\nlocal one, route = region ("{clip}")\n{HEARD.format(folder=tmp_path)}')
    assert added == "1 1"  # one region, one channel
    (file,) = set(audio.iterdir()) - before
    wanted = soundfile.read(source, dtype="float64")[0][24_000:][:96_000]
    read = np.fromfile(tmp_path / "read.raw", "<f4").astype("float64")
    assert np.array_equal(read, wanted)

    bounced = soundfile.read(file, dtype="float64")[0]
    gain = 0.5 * np.minimum(1, np.arange(96_000) / 4_800) * np.minimum(1, (96_000 - np.arange(96_000)) / 9_600)
    assert np.abs(bounced - wanted * gain).max() < 1e-3
    assert np.abs(bounced - wanted).max() > 0.1
