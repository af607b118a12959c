"""Tests that one action remixes the selected region and places the result bit for bit at the same sample position."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.daws.ardour.conftest import Open
from tests.daws.ardour.saved import Region, Track
from tests.daws.ardour.studio import ROOT, Studio, music
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import fal_environment
from tests.waiting import until


def check_placed(region: Region, variation: dict, position: int, length: int, rate: int) -> None:
    """Check that a region has this position, and plays the clip's part of the result file bit for bit."""
    assert (region.position, region.length) == (position, length)
    result, result_rate = soundfile.read(variation["result"]["path"], dtype="float64", always_2d=True)
    assert result_rate == rate
    lead = round(variation["result"]["source_offset"] * rate)
    assert region.start == lead
    assert np.array_equal(region.audio(), result[lead : lead + length])
    assert {path for path, _ in region.sources} == {Path(variation["result"]["path"])}


def check_sent(studio: Studio, clip: np.ndarray, within: float = 0.0) -> None:
    """Check that the submitted audio contains the clip (frames × channels), with an error of at most `within`."""
    (flac,) = (studio.home / "jobs").rglob("source.flac")
    sent = soundfile.read(flac, dtype="float64", always_2d=True)[0]
    last = len(sent) - len(clip)
    begins = np.flatnonzero(np.abs(sent[: last + 1, 0] - clip[0, 0]) <= within)
    assert any(np.abs(sent[at : at + len(clip)] - clip).max() <= within for at in begins)


def samples(path: Path, start: int, length: int) -> np.ndarray:
    """Return part of a sound file as samples, frames × channels; `start` and `length` are in frames."""
    return soundfile.read(path, frames=length, start=start, dtype="float64", always_2d=True)[0]


def only(tracks: list[Track], name: str) -> Region:
    (region,) = next(one for one in tracks if one.name == name).regions
    return region


CASES = [
    # rate, channels, subtype, embedded, position, start, length
    pytest.param(48_000, 2, "PCM_24", False, 168_013, 24_001, 96_003, id="48k-stereo-in-two-files"),
    pytest.param(44_100, 1, "PCM_16", False, 44_101, 12_345, 88_211, id="44k-mono"),
    pytest.param(96_000, 2, "PCM_24", True, 0, 0, 192_001, id="96k-stereo-in-one-file-at-zero"),
]


@pytest.mark.parametrize(("rate", "channels", "subtype", "embed", "position", "start", "length"), CASES)
def test_to_the_sample_and_bit_for_bit(
    open_studio: Open,
    tmp_path: Path,
    rate: int,
    channels: int,
    subtype: str,
    embed: bool,
    position: int,
    start: int,
    length: int,
) -> None:
    studio = open_studio(rate)
    studio.settings(preset="lofi-chill", seed=7)
    source = music(tmp_path / "take.wav", rate, 6.0, channels, subtype)
    clip = studio.clip(source, position=position, start=start, length=length, embed=embed)
    (before,) = studio.save()
    files = before.regions[0].files()
    studio.ask(clip)
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    original, remix = studio.save()
    assert remix.name == "take · lofi-chill"
    assert original.regions == before.regions
    assert original.regions[0].files() == files
    check_placed(remix.regions[0], variation, position, length, rate)
    assert len(remix.regions[0].sources) == channels  # a mono clip gives a mono remix …
    assert remix.channels == original.channels  # … on a track that Ardour's panner plays at the same level

    if rate <= 48_000:  # audio at higher rates is sent at 48 kHz
        check_sent(studio, samples(source, start, length))

    # One undo removes the remix but leaves the empty track; afterwards, the remix is not placed again.
    studio.lua("Editor:undo (1)")
    studio.ticks()
    original, remix = studio.save()
    assert remix.regions == ()
    assert original.regions == before.regions


def test_gain_fades_and_a_muted_source(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio()
    studio.settings(preset="dub-techno-haze", seed=3, source="mute")
    clip = studio.clip(music(tmp_path / "take.wav"), position=96_000, start=4_800, length=120_000)
    studio.change(
        clip,
        """
        local audio = one:to_audioregion ()
        audio:set_scale_amplitude (0.5)
        audio:set_fade_in_shape (ARDOUR.FadeShape.FadeConstantPower) audio:set_fade_in_length (4800)
        audio:set_fade_out_shape (ARDOUR.FadeShape.FadeSlow) audio:set_fade_out_length (9600)
        audio:envelope ():list ():add (Temporal.timepos_t (48000), 0.25, false, false)
        audio:set_envelope_active (true)
        route:presentation_info_ptr ():set_color (0x336699ff)
        """,
    )
    before = only(studio.save(), "take")
    studio.ask(clip)
    (variation,) = studio.finished()
    source, remix = studio.save()
    (region,) = remix.regions
    check_placed(region, variation, 96_000, 120_000, 48_000)
    assert studio.selected() == [clip]
    pictures = ROOT / ".pytest_cache" / "pictures"  # kept for inspection after the test
    pictures.mkdir(parents=True, exist_ok=True)
    studio.lua("Editor:reset_zoom (200)")
    studio.ticks(5)
    studio.ardour.picture(pictures / "ardour.png")
    assert (pictures / "ardour.png").stat().st_size > 10_000
    assert region.scale == before.scale == 0.5
    assert dict(region.curve) == pytest.approx(dict(before.curve))
    assert dict(region.curve)[48_000] == pytest.approx(0.25)
    for fade, original, length, half in (
        (region.fade_in, before.fade_in, 4_800, 0.707),
        (region.fade_out, before.fade_out, 9_600, 0.097),
    ):
        assert fade[0] == original[0] == length
        assert fade[1] == pytest.approx(half, abs=0.02)  # Ardour's own fade points vary slightly
        assert original[1] == pytest.approx(half, abs=0.02)
    assert source.regions[0].muted
    assert source.color == remix.color
    assert not list(studio.session.parent.glob("*.pending"))
    check_sent(studio, samples(tmp_path / "take.wav", 4_800, 120_000))  # the audio is sent without fades and gain

    studio.lua("Editor:undo (1)")
    source, remix = studio.save()
    assert (source.regions[0].muted, remix.regions) == (False, ())


def test_three_variations_on_separate_tracks_and_as_layers(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio()
    take = studio.clip(music(tmp_path / "take.wav"), position=48_000, start=0, length=96_000)
    other = studio.clip(music(tmp_path / "other.wav"), position=0, start=0, length=96_000)
    studio.settings(preset="lofi-chill", seed=7, variations=3)
    studio.ask(take)
    studio.finished(3)
    studio.settings(preset="lofi-chill", seed=70, variations=3, mode="lane")
    studio.ask(other)
    variations = {one["result"]["path"]: one for one in studio.finished(6)}
    assert [one["state"] for one in variations.values()] == ["done"] * 6
    tracks = studio.save()
    names = ["take", "take · lofi-chill", "take · lofi-chill 2", "take · lofi-chill 3", "other", "other · lofi-chill"]
    assert [one.name for one in tracks] == names
    apart, layered = [one.regions[0] for one in tracks[1:4]], tracks[5].regions
    assert [one.muted for one in apart] == [False] * 3
    assert sorted(one.muted for one in layered) == [False, True, True]
    for position, regions in ((48_000, apart), (0, layered)):
        assert len({str(region.sources[0][0]) for region in regions}) == 3
        for region in regions:
            check_placed(region, variations[str(region.sources[0][0])], position, 96_000, 48_000)


def test_the_tempo_grid_of_the_session_reaches_the_model(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    studio = open_studio(**fal_environment(fal.url))
    studio.settings(tags="dub, deep bass", seed=7)
    studio.lua(
        """
        local map = (Temporal.TempoMap.write_copy or Temporal.TempoMap.fetch_writable) () -- the name in 8 or 7.3
        map:set_tempo (Temporal.Tempo (90, 90, 4), Temporal.timepos_t (0))
        map:set_tempo (Temporal.Tempo (135, 135, 4), Temporal.timepos_t.from_ticks (1920 * 8))
        Temporal.TempoMap.update (map)
        """
    )
    clip = studio.clip(music(tmp_path / "take.wav"), position=192_000, start=0, length=192_000)  # 4 s to 8 s
    studio.ask(clip)
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    check_placed(only(studio.save(), "take · remix"), variation, 192_000, 192_000, 48_000)
    (message,) = studio.requests()
    assert message["project"]["tempo"] == pytest.approx(90)
    (asked,) = message["clips"]
    grid = asked["grid"]
    beats = np.array(grid["beats"]) + 4.0  # beats on the timeline, s
    change = 8 * 60 / 90
    assert np.allclose(np.diff(beats[beats <= change + 1e-6]), 60 / 90, atol=1e-4)
    assert np.allclose(np.diff(beats[beats >= change - 1e-3]), 60 / 135, atol=1e-4)
    assert beats[0] <= 3.0
    assert beats[-1] >= 9.0 - 60 / 135
    bars = [change / 2, change, change + 240 / 135, change + 480 / 135]
    assert [beats[index] for index in grid["downbeats"]] == pytest.approx(bars, abs=1e-3)
    assert asked["position_beats"] == pytest.approx(6.0, abs=0.01)
    assert asked["length_beats"] == pytest.approx(8.0, abs=0.01)  # two beats at 90 BPM and six at 135 BPM
    assert (asked["position_samples"], asked["length_samples"]) == (192_000, 192_000)


def test_a_compound_region_is_rendered(open_studio: Open, tmp_path: Path) -> None:
    """The request contains the rendered inner regions; the remix gets the compound region's own gain and gain curve."""
    studio = open_studio()
    studio.settings(preset="lofi-chill", seed=7)
    source = music(tmp_path / "take.wav")
    clip = studio.clip(source, position=96_000, start=24_000, length=96_000)
    studio.change(clip, "route:to_track ():playlist ():split_region (one, Temporal.timepos_t (120000))")
    first, second = (region.id for region in studio.save()[0].regions)
    studio.change(second, "one:to_audioregion ():set_scale_amplitude (0.5)")
    studio.select(first, second)
    studio.ardour.action("Region/combine-regions")
    (compound,) = until(lambda: one if len(one := studio.save()[0].regions) == 1 else None, "the compound")
    studio.change(
        compound.id,
        """
        local audio = one:to_audioregion ()
        audio:set_scale_amplitude (0.25)
        audio:envelope ():list ():add (Temporal.timepos_t (48000), 0.5, false, false)
        audio:set_envelope_active (true)
        """,
    )
    studio.ask(compound.id)
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    original, remix = studio.save()
    (region,) = remix.regions
    check_placed(region, variation, 96_000, 96_000, 48_000)
    assert region.scale == 0.25
    assert dict(region.curve) == pytest.approx(dict(original.regions[0].curve))
    assert dict(region.curve)[48_000] == pytest.approx(0.5)
    (asked,) = studio.requests()[0]["clips"]
    assert "source" not in asked

    # The samples around the split are not compared, because Ardour crossfades the two regions for 64 samples.
    heard, rate = soundfile.read(asked["rendered"]["path"], dtype="float64", always_2d=True)
    wanted = samples(source, 24_000, 96_000)
    assert (len(heard), rate) == (96_000, 48_000)
    assert np.array_equal(heard[:23_900], wanted[:23_900])
    assert np.array_equal(heard[24_100:], wanted[24_100:] * 0.5)
    check_sent(studio, heard, within=2**-23)
