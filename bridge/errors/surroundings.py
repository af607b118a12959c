"""Errors of the DAW and of this machine."""

from __future__ import annotations

from bridge.errors.base import BridgeError


class PlaceError(BridgeError):
    """The result is ready, but the DAW could not place it."""

    code = "place_failed"
    hint = "The file is kept at the path shown; drag it onto a track."


class DawMissing(PlaceError):
    """No DAW has said hello, so there is no selection to remix."""

    code = "daw_missing"
    hint = "Run one of the bridge's actions in the DAW once, or use `ace-bridge remix FILE`."


class HomeError(BridgeError):
    """The bridge's own folder or process cannot be used."""

    code = "home_unusable"
    hint = "Check the folder's permissions, or set ACE_BRIDGE_HOME to another one."


class HomeElsewhere(HomeError):
    """The bridge's folder lies where its journal is not safe: on a network drive or in a folder that a cloud copies."""

    code = "home_elsewhere"
    hint = "Set ACE_BRIDGE_HOME to a folder on this machine's own disk; results may lie anywhere."


class StoreNewer(HomeError):
    """The bridge's journal was written by a newer ace-bridge."""

    code = "store_newer"
    hint = "Update ace-bridge, or set ACE_BRIDGE_HOME to another folder for this version."


class StoreBusy(HomeError):
    """Another program holds the bridge's journal, so nothing can be written down."""

    code = "store_busy"
    hint = "Close the program that has bridge.db open; it goes on by itself then."


class StoreLost(HomeError):
    """The journal was damaged before this was ordered, so it was not made; nothing was charged."""

    code = "store_lost"
    hint = "`ace-bridge retry` makes it now."


class AlreadyRunning(HomeError):
    """Another daemon already runs for this home."""

    code = "already_running"
    hint = "`ace-bridge status` shows it, `ace-bridge stop` ends it; remixes that run are not lost."


class NotRunning(HomeError):
    """The daemon does not run."""

    code = "not_running"
    hint = "Start it with `ace-bridge start`."


class PortTaken(HomeError):
    """Another program holds the bridge's OSC port."""

    code = "port_taken"
    hint = "End that program, or set another [osc] port; 0 takes a free one."


class DiskFull(HomeError):
    """There is no room left on the disk."""

    code = "disk_full"
    hint = "Free some space: it goes on by itself then, or at once with `ace-bridge retry`; what was made is kept."


class OutputUnwritable(HomeError):
    """The folder for results cannot be written to."""

    code = "output_unwritable"
    hint = "Check the folder's permissions or choose another one, then `ace-bridge retry`; the result is kept."


class WorkLost(HomeError):
    """A file that was made on the way is gone or empty."""

    code = "work_lost"
    hint = "`ace-bridge retry` makes it again from what is there; nothing is ordered twice."


class WorkerDied(HomeError):
    """The process that reads and writes audio ended unexpectedly."""

    code = "worker_died"
    hint = "The audio file may be damaged; `ace-bridge retry`, or export the clip as WAV."


class AudioDeviceMissing(HomeError):
    """There is no audio output here that can play the clip."""

    code = "audio_device_missing"
    hint = "Open the file in a player or in the DAW; on Linux the package libportaudio2 is needed."


class HotkeysMissing(HomeError):
    """The keyboard cannot be listened to."""

    code = "hotkeys_missing"
    hint = "`pip install 'ace-bridge[hotkeys]'`; macOS wants it allowed under Privacy & Security, Linux wants X11."


class InstallRefused(HomeError):
    """A file of somebody else stands where one of the bridge's should."""

    code = "install_refused"
    hint = "Look at the file; `--force` replaces it and keeps a backup."


class DawRunning(HomeError):
    """The DAW runs, and would overwrite what is changed in its files now."""

    code = "daw_running"
    hint = "Quit the DAW, then do it again."


class MidiMissing(HomeError):
    """MIDI needs two packages that are not installed."""

    code = "midi_missing"
    hint = "Run `pip install 'ace-bridge[midi]'` in the bridge's Python, then `ace-bridge stop` and start it again."


class MidiUnavailable(HomeError):
    """The system's MIDI cannot be used."""

    code = "midi_unavailable"
    hint = "It is tried again every few seconds; `[midi] system` chooses between the system's MIDI and JACK's."


class MidiOff(HomeError):
    """MIDI is switched off."""

    code = "midi_off"
    hint = 'Set `use = "auto"` under [midi] in config.toml and start the bridge again.'
