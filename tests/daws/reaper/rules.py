"""Rules of the mock that a test can switch: the project's own rules, and facts about REAPER that are not settled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Rules:
    """The rules of one mock REAPER; the defaults are the rules for the project's own scripts."""

    house: bool = True  # the project's rules for its own scripts; without them, only REAPER's rules apply
    extensions: bool = False  # the extension SWS is installed
    no_boxes_during_playback: bool = True  # a message box while a project plays is careless; a rule of the project
    integers_have_32_bits: bool = True  # ReaImGui cuts integers off to 32 bits
    quotes_hide_separators: bool = True  # GetUserInputs ignores separators after an open quote or parenthesis
    counts_lua_time: bool = True  # the limit of 20 ms includes the time that Lua needs for its own instructions

    # --- facts that differ between systems or are not settled; a script must work both ways --------------------------

    accessor_copies_mono: bool = True  # a take accessor asked for 2 channels of a mono source fills both, not only one
    renders_background_tabs: bool = True  # action 42230 renders the given project, not the one in front
    stems_can_be_before_the_fader: bool = True  # the render setting 8192 works; an older REAPER may ignore it
    accessor_has_channel_mode: bool = True  # a take accessor applies the take's channel mode
    lanes_can_be_added: bool = True  # a script can set I_NUMFIXEDLANES
    lanes_must_exist: bool = True  # an item's lane beyond the track's lanes becomes the last of them
    nested_scripts_add_points: bool = True  # a script that another script runs also adds an undo point
    deferring_scripts_add_points: bool = False  # so does a script that defers
    renames_any_path: bool = True  # os.rename and os.remove on Windows accept paths with characters outside ASCII


def public() -> Rules:
    """Return the rules for scripts by others: REAPER's own rules, with the common extension SWS."""
    return Rules(house=False, extensions=True)
