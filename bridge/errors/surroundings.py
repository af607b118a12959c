"""Errors from the DAW and from this machine."""

from __future__ import annotations

from bridge.errors.base import BridgeError


class PlaceError(BridgeError):
    """The result is ready, but the DAW could not place it."""

    code = "place_failed"
    hint = "The file is kept at the path shown. Drag it onto a track."


class DawMissing(PlaceError):
    """No DAW is connected, so there is no selection to remix."""

    code = "daw_missing"
    hint = "Run one of the bridge's actions in the DAW once, or use `ace-bridge remix FILE`."


class HomeError(BridgeError):
    """The bridge's home folder or process is unusable."""

    code = "home_unusable"
    hint = "Check the folder's permissions, or set ACE_BRIDGE_HOME to another folder."


class HomeElsewhere(HomeError):
    """The bridge's journal is not safe in this folder: it is on a network drive or in a cloud folder."""

    code = "home_elsewhere"
    hint = "Set ACE_BRIDGE_HOME to a folder on a local disk. Results may be anywhere."


class HomeLost(HomeError):
    """The bridge's home was removed or replaced while the bridge was running, so the bridge has stopped."""

    code = "home_lost"
    hint = "Put the folder back and run `ace-bridge start`. Remixes that were submitted before are then fetched."


class StoreNewer(HomeError):
    """A newer version of ace-bridge wrote the bridge's journal."""

    code = "store_newer"
    hint = "Update ace-bridge, or set ACE_BRIDGE_HOME to another folder for this version."


class StoreBusy(HomeError):
    """Another program has locked the bridge's journal, so the bridge cannot write to it."""

    code = "store_busy"
    hint = "Close the program that has bridge.db open. The bridge then continues automatically."


class StoreDamaged(HomeError):
    """The bridge's journal is damaged. No paid result is lost."""

    code = "store_damaged"
    hint = "Run `ace-bridge stop`, then `ace-bridge start`: the start rebuilds the journal, and the remixes continue."


class StoreLost(HomeError):
    """The journal was damaged before this remix was submitted. Nothing was charged."""

    code = "store_lost"
    hint = "`ace-bridge retry` submits it now."


class AlreadyRunning(HomeError):
    """Another daemon is already running with this home folder."""

    code = "already_running"
    hint = "`ace-bridge status` shows it and `ace-bridge stop` stops it. Running remixes are not lost."


class NotRunning(HomeError):
    """The daemon is not running."""

    code = "not_running"
    hint = "Start it with `ace-bridge start`."


class PortTaken(HomeError):
    """Another program uses the bridge's OSC port."""

    code = "port_taken"
    hint = "Close that program, or set another `port` under `[osc]` (0 picks a free port)."


class DiskFull(HomeError):
    """The disk is full."""

    code = "disk_full"
    hint = "Free some space, and the job continues by itself; `ace-bridge retry` resumes it now. Finished work is kept."


class OutputUnwritable(HomeError):
    """The folder for results cannot be written to."""

    code = "output_unwritable"
    hint = "Check the folder's permissions or choose another folder, then run `ace-bridge retry`. The result is kept."


class WorkLost(HomeError):
    """An intermediate file is missing or empty."""

    code = "work_lost"
    hint = "`ace-bridge retry` recreates the file. Nothing is submitted twice."


class WorkerDied(HomeError):
    """The process that reads and writes audio stopped unexpectedly."""

    code = "worker_died"
    hint = "The audio file may be damaged. Run `ace-bridge retry`, or export the clip as WAV."


class AudioDeviceMissing(HomeError):
    """No audio output can play the clip."""

    code = "audio_device_missing"
    hint = "Open the file in a player or in the DAW. Linux needs PortAudio (Debian and Ubuntu: libportaudio2)."


class HotkeysMissing(HomeError):
    """Hotkeys are not available."""

    code = "hotkeys_missing"
    hint = "Hotkeys need the extra `hotkeys`. On macOS, allow keyboard monitoring. Linux needs X11."


class InstallRefused(HomeError):
    """A file not installed by ace-bridge is in the way."""

    code = "install_refused"
    hint = "Check the file. `--force` replaces it and keeps a backup."


class StorePython(HomeError):
    """This Python comes from the Microsoft Store, so other programs would not see what it writes to AppData."""

    code = "store_python"
    hint = (
        "Install Python from https://www.python.org/downloads/ and ace-bridge with it. `ace-bridge remix` still works."
    )


class DawRunning(HomeError):
    """The DAW is running and would overwrite changes to its files."""

    code = "daw_running"
    hint = "Quit the DAW, then repeat the command."


class MidiMissing(HomeError):
    """MIDI needs packages that are not installed."""

    code = "midi_missing"
    hint = "Install the extra `midi`, then restart the bridge."


class MidiUnavailable(HomeError):
    """The system's MIDI is not available."""

    code = "midi_unavailable"
    hint = "The bridge retries every few seconds. `system` under `[midi]` selects the system's MIDI or JACK."


class MidiOff(HomeError):
    """MIDI is switched off."""

    code = "midi_off"
    hint = 'Set `use = "auto"` under [midi] in config.toml and restart the bridge.'
