"""What a self-test inside a DAW has found out, in words: what is as hoped, and what the script does about the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.doctor.base import Finding, Level


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that no documentation of a DAW settles."""

    key: str  # in the report
    hoped: Any  # its value when nothing has to be done about it
    well: str  # said of it then
    otherwise: str  # said of it else, with what it means
    level: Level = "hint"  # how bad it is
    fix: str = "Nothing has to be done; the script has a way round it."


TELL = "Please report it with live/selftest.json: results may not be in time in this Live."
LIVE = (
    Fact(
        "can_place",
        True,
        "files can be put onto tracks",
        "This Live cannot put files onto tracks; its status bar says where each result lies.",
        fix="Drag results in from there, or update Live: 11.3.25 and 12.0.5 can.",
    ),
    Fact("file_written", True, "scripts may write files", "Scripts of this Live may not write files.", "trouble", TELL),
    Fact("track_returned", True, "new tracks are returned", "Creating a track does not return it; it is found again."),
    Fact("clip_returned", True, "new clips are returned", "Creating a clip does not return it; it is found again."),
    Fact("slot_clip_returned", True, "", "Filling a slot does not return its clip; it is found again."),
    Fact("slot_filled", True, "slots take files", "A slot did not take a file.", "trouble", TELL),
    Fact("path_as_given", True, "paths stay as given", "Live spells paths its own way; clips are found by file name."),
    Fact("warping_at_once", True, "warping takes at once", "Warping takes a tick later; the script looks then."),
    Fact("warping_next_tick", True, "", "Warping does not take within a tick.", "trouble", TELL),
    Fact(
        "markers_editable",
        True,
        "warp markers can be set",
        "Warp markers cannot be set; clips are stretched to the Set's tempo before they are sent.",
    ),
    Fact("markers_at_once", True, "", "Warp markers show a tick after they were set; the script looks then."),
    Fact("markers_next_tick", True, "warp markers come back as given", "Warp markers do not stay.", "trouble", TELL),
    Fact("start_moves_clip", False, "", "Moving a clip's start moves the clip; results go by way of a slot."),
    Fact("span_set", True, "", "A clip's start and end could not be set.", "trouble", TELL),
    Fact("length_follows_markers", True, "", "A clip's length does not follow its ends.", "trouble", TELL),
    Fact("plain_in_seconds", True, "", "Clips that are not warped do not count in seconds.", "trouble", TELL),
    Fact("pitch_and_gain", True, "pitch and gain take", "Pitch or gain do not take within a tick."),
    Fact(
        "data_kept",
        True,
        "tracks keep notes",
        "Tracks keep no notes: after a crash while placing, a remix might stand twice.",
    ),
)
_BAKED = "the remix gets it from there, and not once more from its item."
REAPER = (
    Fact("accessor_has_take_volume", False, "", f"REAPER's reader of a take has the take's volume in it; {_BAKED}"),
    Fact("accessor_has_item_volume", False, "", f"REAPER's reader of a take has the item's volume in it; {_BAKED}"),
    Fact("accessor_has_fades", False, "takes are read without fades", "Takes are read with their fades in them."),
    Fact("accessor_has_take_pan", False, "", f"REAPER's reader of a take has the take's pan in it; {_BAKED}"),
    Fact("render_has_take_volume", True, "", "A render of an item leaves out the take's volume; the remix gets it."),
    Fact("render_has_item_volume", True, "", "A render of an item leaves out its volume; the remix gets it."),
    Fact("render_has_fades", True, "", "A render of an item leaves out its fades; the remix gets them."),
    Fact("render_has_take_pan", True, "", "A render of an item leaves out the take's pan; the remix gets it."),
    Fact(
        "render_has_track_volume",
        False,
        "items are rendered before the track's fader",
        "A render of an item has its track's fader in it; the new track's fader stays at 0 dB.",
    ),
    Fact("render_is_whole_item", True, "items are rendered whole", "How long a rendered item is could not be read."),
    Fact(
        "unicode_paths",
        True,
        "scripts open paths with any letters",
        "Scripts of this REAPER open no paths with other than Latin letters.",
        fix="Keep the bridge's folder plain: set ACE_BRIDGE_HOME, and run ace-bridge install reaper again.",
    ),
)
FACTS: Mapping[str, tuple[Fact, ...]] = {"live": LIVE, "reaper": REAPER}


def found(daw: str, title: str, report: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what a finished report says: one line of what is as hoped, one for each thing that is not."""
    known = [fact for fact in FACTS.get(daw, ()) if fact.key in report]
    well = [fact.well for fact in known if fact.well and report[fact.key] == fact.hoped]
    if "beat_to_sample_time" in report:
        well.append(f"beat_to_sample_time counts {report['beat_to_sample_time']}")
    name = f"{title} {report[daw]}" if daw in report else title
    tail = f": {', '.join(well)}" if well else ""
    yield Finding(f"{daw}.selftest", "well", f"{name}'s self-test went through{tail}.")
    for fact in known:
        if report[fact.key] != fact.hoped:
            yield Finding(f"{daw}.fact.{fact.key}", fact.level, fact.otherwise, fact.fix)
