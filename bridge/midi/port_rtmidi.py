"""The operating system's MIDI (ALSA, CoreMIDI or Windows) through rtmidi2.

This module runs only in the process of port_host.py. docs/decisions/0007-midi-ports.md explains why rtmidi2 and a
separate process were chosen.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import rtmidi2

from bridge.midi.port_backend import Found, Heard
from bridge.midi.port_names import OWN, numbered, plain

SETTLE = 0.02  # time for a driver's thread to leave the callback before the port is closed, s

_SYSTEM = {"linux": "alsa", "darwin": "mac", "win32": "windows"}.get(sys.platform, "alsa")
_API = {"alsa": rtmidi2.API_LINUX_ALSA, "mac": rtmidi2.API_MACOSX_CORE, "windows": rtmidi2.API_WINDOWS_MM}[_SYSTEM]


class RtMidiBackend:
    """A MIDI backend on rtmidi2, with one handle for each open port and two handles for listing ports."""

    def __init__(self) -> None:
        try:
            self._lister_in: Any = rtmidi2.MidiIn(OWN, api=_API)
            self._lister_out: Any = rtmidi2.MidiOut(OWN, api=_API)
        except RuntimeError as problem:
            raise OSError("the system's MIDI does not answer") from problem
        self._inputs: dict[str, Any] = {}
        self._outputs: dict[str, Any] = {}

    def inputs(self) -> Found:
        return _found(self._lister_in)

    def outputs(self) -> Found:
        return _found(self._lister_out)

    def open_input(self, name: str, heard: Heard) -> None:
        handle = rtmidi2.MidiIn(OWN, api=_API)
        handle.callback = lambda message, _: heard(name, bytes(message))
        _open(handle, self._lister_in, name)
        self._inputs[name] = handle

    def open_output(self, name: str) -> None:
        handle = rtmidi2.MidiOut(OWN, api=_API)
        _open(handle, self._lister_out, name)
        self._outputs[name] = handle

    def close_input(self, name: str) -> None:
        handle = self._inputs.pop(name)
        handle.callback = None
        time.sleep(SETTLE)  # otherwise a deadlock: closing holds the GIL and waits for the driver's thread
        handle.close_port()

    def close_output(self, name: str) -> None:
        self._outputs.pop(name).close_port()

    def send(self, name: str, data: bytes) -> None:
        try:
            self._outputs[name].send_raw(*data)
        except RuntimeError as problem:
            raise OSError(str(problem)) from problem

    def close(self) -> None:
        """Do nothing: all messages have been handed to the system, and the process is about to end."""


def _names(lister: Any) -> list[str]:
    return [name or "" for name in lister.ports]


def _found(lister: Any) -> Found:
    names = _names(lister)
    devices = numbered(plain(name, _SYSTEM) for name in names)
    return {device: name for device, name in zip(devices, names, strict=True) if not device.startswith(OWN)}


def _open(handle: Any, lister: Any, device: str) -> None:
    names = _names(lister)
    devices = numbered(plain(name, _SYSTEM) for name in names)
    if device not in devices:
        raise OSError("it has just been disconnected")
    handle.open_port(devices.index(device))
