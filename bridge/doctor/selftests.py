"""Explains the report of a DAW self-test: what works as expected, and how the script handles what does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.doctor.base import Finding, Level


@dataclass(frozen=True, slots=True)
class Fact:
    """A behaviour of the DAW that is undocumented and is tested by the self-test."""

    key: str  # key in the report
    expected: Any  # the value for which no workaround is needed
    well: str  # text shown for the expected value; empty: none
    otherwise: str  # text shown for any other value
    level: Level = "hint"  # level of the finding for any other value
    fix: str = "Nothing to do; the script works around it."


REPORT = "Please report this with live/selftest.json: results may be out of time in this version of Live."
LIVE = (
    Fact(
        "can_place",
        True,
        "files can be placed on tracks",
        "This Live cannot place files on tracks; its status bar shows the path of each result.",
        fix="Drag results in from there, or update Live to 11.3.25 or 12.0.5.",
    ),
    Fact("file_written", True, "scripts can write files", "Scripts cannot write files.", "trouble", REPORT),
    Fact(
        "track_returned",
        True,
        "new tracks are returned",
        "New tracks are not returned; the script looks them up.",
    ),
    Fact("clip_returned", True, "new clips are returned", "New clips are not returned; the script looks them up."),
    Fact("slot_clip_returned", True, "", "A filled slot does not return its clip; the script looks it up."),
    Fact("slot_filled", True, "slots accept files", "A slot did not accept a file.", "trouble", REPORT),
    Fact("path_as_given", True, "paths are kept", "Live rewrites paths; the script finds clips by file name."),
    Fact("warping_at_once", True, "warping acts at once", "Warping acts one tick later; the script waits for it."),
    Fact("warping_next_tick", True, "", "Warping does not act within a tick.", "trouble", REPORT),
    Fact(
        "markers_editable",
        True,
        "warp markers can be set",
        "Warp markers cannot be set; the bridge stretches clips to the Set's tempo before it sends them.",
    ),
    Fact("markers_at_once", True, "", "Warp markers appear a tick after they are set; the script waits for them."),
    Fact("markers_next_tick", True, "warp markers are kept", "Warp markers are not kept.", "trouble", REPORT),
    Fact("start_moves_clip", False, "", "Moving a clip's start moves the clip; results go through a slot."),
    Fact("span_set", True, "", "A clip's start and end cannot be set.", "trouble", REPORT),
    Fact("length_follows_markers", True, "", "A clip's length does not follow its markers.", "trouble", REPORT),
    Fact("plain_in_seconds", True, "", "Unwarped clips do not count in seconds.", "trouble", REPORT),
    Fact("pitch_and_gain", True, "pitch and gain can be set", "Pitch or gain do not change within a tick."),
    Fact(
        "data_kept",
        True,
        "tracks store script data",
        "Tracks do not store script data: after a crash during placing, a remix may appear twice.",
    ),
)
_BAKED = "the script does not set it on the remix's item again."
REAPER = (
    Fact("accessor_has_take_volume", False, "", f"REAPER's audio accessor applies the take's volume; {_BAKED}"),
    Fact("accessor_has_item_volume", False, "", f"REAPER's audio accessor applies the item's volume; {_BAKED}"),
    Fact("accessor_has_fades", False, "takes are read without fades", "Takes are read with their fades applied."),
    Fact("accessor_has_take_pan", False, "", f"REAPER's audio accessor applies the take's pan; {_BAKED}"),
    Fact(
        "render_has_take_volume",
        True,
        "",
        "Renders omit the take's volume; the script sets it on the remix.",
    ),
    Fact("render_has_item_volume", True, "", "Renders omit the item's volume; the script sets it on the remix."),
    Fact("render_has_fades", True, "", "Renders omit the item's fades; the script sets them on the remix."),
    Fact("render_has_take_pan", True, "", "Renders omit the take's pan; the script sets it on the remix."),
    Fact(
        "render_has_track_volume",
        False,
        "items are rendered before the track's fader",
        "Renders apply the track's fader; the new track's fader stays at 0 dB.",
    ),
    Fact(
        "stem_has_track_volume",
        False,
        "stems are rendered before the track's fader",
        "Stems apply the track's fader; the new track's fader stays at 0 dB.",
    ),
    Fact("stem_has_item_volume", True, "", "Stems omit the item's volume; the script sets it on the remix."),
    Fact("render_is_whole_item", True, "items are rendered whole", "The length of a rendered item cannot be read."),
    Fact(
        "accessor_copies_mono",
        True,
        "",
        "Mono takes are read into one channel of two; the script reads them as mono.",
    ),
    Fact(
        "accessor_has_channel_mode",
        True,
        "",
        "Takes are read without their channel mode; the job's notes say so.",
    ),
    Fact("lanes_can_be_added", True, "lanes can be added", "Lanes cannot be added; results go to new tracks instead."),
    Fact("lanes_can_play", True, "", "A new lane does not play until you select it; click its play button."),
    Fact(
        "unicode_paths",
        True,
        "scripts open paths with any characters",
        "Scripts in this REAPER cannot open paths with non-Latin characters.",
        fix="Set ACE_BRIDGE_HOME to a path with Latin characters only, and run `ace-bridge install reaper` again.",
    ),
    Fact("unicode_renames", True, "", "Files with non-Latin names cannot be renamed; the scripts write them directly."),
    Fact("unicode_removes", True, "", "Files with non-Latin names cannot be removed; the scripts empty them."),
    Fact("nested_script_adds_undo_point", True, "", "Scripts that other scripts run add no undo points."),
    Fact(
        "deferring_script_adds_undo_point",
        False,
        "actions that change nothing add no undo point",
        "Every action of the bridge adds an undo point in this REAPER, which ends redo.",
        "trouble",
        "Please report this with reaper/logs/selftest.json.",
    ),
)
FACTS: Mapping[str, tuple[Fact, ...]] = {"live": LIVE, "reaper": REAPER}


def found(daw: str, title: str, report: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings from a finished report: one for all expected values together, and one for each other value."""
    known = [fact for fact in FACTS.get(daw, ()) if fact.key in report]
    well = [fact.well for fact in known if fact.well and report[fact.key] == fact.expected]
    if "beat_to_sample_time" in report:
        well.append(f"beat_to_sample_time counts {report['beat_to_sample_time']}")
    name = f"{title} {report[daw]}" if daw in report else title
    tail = f": {', '.join(well)}" if well else ""
    yield Finding(f"{daw}.selftest", "well", f"{name}'s self-test passed{tail}.")
    for fact in known:
        if report[fact.key] != fact.expected:
            yield Finding(f"{daw}.fact.{fact.key}", fact.level, fact.otherwise, fact.fix)
