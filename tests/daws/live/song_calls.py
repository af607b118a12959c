"""The members of the mock's application and song."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.daws.live.calls import GETTERS, METHODS, SETTERS, method, vector
from tests.daws.live.the_set import MASTER

if TYPE_CHECKING:
    from tests.daws.live.double import World

# --- the application -------------------------------------------------------------------------------------------------

METHODS["Application", "get_major_version"] = (), False, lambda world, _: int(world.version.split(".")[0])
METHODS["Application", "get_minor_version"] = (), False, lambda world, _: int(world.version.split(".")[1])
METHODS["Application", "get_bugfix_version"] = (), False, lambda world, _: int(world.version.split(".")[2])
GETTERS["Application", "open_dialog_count"] = lambda world, _: world.dialogs
GETTERS["Application", "view"] = lambda world, _: world.wrap("Application.View")
GETTERS["Application.View", "focused_document_view"] = lambda world, _: (
    "Session" if world.session_focused else "Arranger"
)

METHODS["Application.View", "is_view_visible"] = ("str",), False, lambda world, _, name, main=True: name in world.shown
METHODS["Application.View", "show_view"] = ("str",), False, lambda world, _, name: world.turn_to(name)
METHODS["Application.View", "hide_view"] = ("str",), False, lambda world, _, name: world.hide(name)

# --- the song --------------------------------------------------------------------------------------------------------

SONG: dict[str, Callable[[Any], Any]] = {
    "tempo": lambda world: world.tempo,
    "file_path": lambda world: world.path,
    "signature_numerator": lambda world: 4,
    "signature_denominator": lambda world: 4,
    "current_song_time": lambda world: world.playhead,
    "can_redo": lambda world: world.redo,
    "is_counting_in": lambda world: False,
    "record_mode": lambda world: world.recording,
    "is_playing": lambda world: world.recording,
    "session_record_status": lambda world: 0,
    "view": lambda world: world.wrap("Song.View"),
    "master_track": lambda world: world.wrap("Track", MASTER),
    "tracks": lambda world: vector([world.wrap("Track", track.ptr) for track in world.state.tracks]),
}
for _name, _get in SONG.items():
    GETTERS["Song", _name] = lambda world, _, get=_get: get(world)  # type: ignore[misc]

METHODS["Song", "begin_undo_step"] = (), False, lambda world, _: world.begin()
METHODS["Song", "end_undo_step"] = (), False, lambda world, _: world.end()
GETTERS["Track", "mixer_device"] = lambda world, track: world.wrap("MixerDevice", track.ptr)
GETTERS["MixerDevice", "volume"] = lambda world, track: world.wrap("DeviceParameter", track.volume.ptr)
GETTERS["MixerDevice", "panning"] = lambda world, track: world.wrap("DeviceParameter", track.panning.ptr)
GETTERS["MixerDevice", "song_tempo"] = lambda world, _: world.wrap("DeviceParameter")
GETTERS["DeviceParameter", "value"] = lambda world, parameter: parameter.value
GETTERS["DeviceParameter", "automation_state"] = lambda world, parameter: int(
    world.tempo_automated if parameter is None else parameter.automated
)


def set_parameter(world: World, parameter: Any, value: float) -> None:
    if not parameter.low <= value <= parameter.high:
        raise RuntimeError("The value is out of range")
    parameter.value = value


SETTERS["DeviceParameter", "value"] = "float", set_parameter


@method("Song", "create_audio_track", "int", changes=True)
def create_audio_track(world: World, _: Any, index: int = -1) -> Any:
    if not -1 <= index <= len(world.state.tracks):
        raise RuntimeError("Index out of range")
    track = world.state.add_track("Audio", None if index == -1 else index)
    world.state.detail_clip = 0
    world.turn_to("Detail/DeviceChain")
    return world.wrap("Track", track.ptr)


@method("Song", "delete_track", "int", changes=True)
def delete_track(world: World, _: Any, index: int) -> None:
    if not 0 <= index < len(world.state.tracks) or len(world.state.tracks) == 1:
        raise RuntimeError("Index out of range")
    del world.state.tracks[index]


def _selected(kind: str, attribute: str, nothing: bool) -> None:
    def get(world: World, _: Any) -> Any:
        ptr = getattr(world.state, attribute)
        return world.wrap(kind, ptr) if ptr and world.state.find(ptr)[0] is not None else None

    def put(world: World, _: Any, value: Any) -> None:
        if value is None and not nothing:
            raise RuntimeError("None is not possible")
        setattr(world.state, attribute, 0 if value is None else value._live_ptr)

    name = {"highlighted_slot": "highlighted_clip_slot"}.get(attribute, attribute)
    GETTERS["Song.View", name] = get
    SETTERS["Song.View", name] = kind, put


_selected("Track", "selected_track", False)
_selected("ClipSlot", "highlighted_slot", False)
_selected("Clip", "detail_clip", True)

METHODS["Song.View", "add_detail_clip_listener"] = ("any",), False, lambda world, _, call: world.listeners.append(call)
