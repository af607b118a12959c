"""Global hotkeys, for DAWs that cannot assign keys to scripts; off until `keys` under `[hotkeys]` lists any.

A hotkey acts only while a supported DAW, or a program listed in `programs`, is in front.

`keys` → `Hotkeys` → `python -m bridge.hotkeys.process` (the system's keyboard) → a command in control/table.py →
`BridgeService`. A separate process listens, because access to the keyboard may be missing, denied or lost.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.control.api import BridgeApi
from bridge.control.command import Command
from bridge.control.table import COMMANDS, read
from bridge.errors import BridgeError, ConfigInvalid, HotkeysMissing, Unexpected, from_wire
from bridge.events import Alert, EventBus
from bridge.util.child_process import ChildProcess
from bridge.util.suggest import did_you_mean

log = logging.getLogger(__name__)

PATIENCE = 15.0  # s; time limit for the process to start listening
STOP_PATIENCE = 2.0  # s; time limit for the process to end before it is killed
MODIFIERS = frozenset({"ctrl", "alt", "shift", "cmd"})
FUNCTION = frozenset(f"f{number}" for number in range(1, 25))

# Commands that a key can run: those that have a button and need no arguments.
COMMANDS_FOR_KEYS: Mapping[str, Command] = {
    command.name: command
    for command in COMMANDS
    if command.run is not None and command.button and not any(one.required for one in command.arguments)
}


def read_keys(entries: Sequence[str]) -> dict[str, Command]:
    """Return the command for each key combination.

    Args:
        entries: values of `keys` under `[hotkeys]`, for example "ctrl+alt+r: remix".

    Raises:
        ConfigInvalid: an entry is invalid; the error names it.
    """
    found: dict[str, Command] = {}
    for entry in entries:
        keys, _, name = (part.strip() for part in entry.partition(":"))
        if name not in COMMANDS_FOR_KEYS:
            help_ = did_you_mean(name, COMMANDS_FOR_KEYS) or f" The commands are {', '.join(COMMANDS_FOR_KEYS)}."
            raise ConfigInvalid(f"[hotkeys] keys: “{entry}” does not name a command for keys.{help_}")
        combination = _combination(entry, keys)
        if combination in found:
            raise ConfigInvalid(f"[hotkeys] keys: {keys} is listed twice.")
        found[combination] = COMMANDS_FOR_KEYS[name]
    return found


def _combination(entry: str, keys: str) -> str:
    """Return a combination in canonical form: sorted modifiers, then the key."""
    *held, key = (part.strip().lower() for part in keys.split("+"))
    if not set(held) <= MODIFIERS or len(set(held)) != len(held) or not key or key in MODIFIERS:
        raise ConfigInvalid(
            f"[hotkeys] keys: “{entry}” must look like ctrl+alt+r; the modifiers are {', '.join(sorted(MODIFIERS))}."
        )
    if key not in FUNCTION and not set(held) - {"shift"}:
        raise ConfigInvalid(f"[hotkeys] keys: “{entry}” would run while you type; add ctrl, alt or cmd.")
    return "+".join([*sorted(held), key])


class Hotkeys:
    """The hotkeys, which run commands while the daemon is running."""

    def __init__(
        self,
        bridge: BridgeApi,
        bus: EventBus,
        keys: Sequence[str],
        programs: Sequence[str] = (),
        *,
        command: Sequence[str] = (sys.executable, "-m", "bridge.hotkeys.process"),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Read the keys without starting a process.

        Args:
            bridge: executes the commands.
            bus: receives failures as alerts.
            keys: values of `keys` under `[hotkeys]`; if empty, `start` starts no process.
            programs: values of `programs` under `[hotkeys]`.
            command: the command that starts the process; the combinations and the programs are appended as arguments.
            environ: environment of the process, from which API keys are removed; None: the daemon's environment.

        Raises:
            ConfigInvalid: an entry of `keys` is invalid.
        """
        self._bridge = bridge
        self._bus = bus
        self._keys = read_keys(keys)
        self._programs = tuple(programs)
        self._command = tuple(command)
        self._environ = environ
        self._child: ChildProcess | None = None
        self._listening: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start listening. If listening fails, an alert reports why and the daemon runs without hotkeys."""
        if not self._keys:
            return
        lists = (json.dumps(list(self._keys)), json.dumps(self._programs))
        self._child = await ChildProcess.start(*self._command, *lists, environ=self._environ)
        self._listening = asyncio.create_task(self._listen(self._child), name="hotkeys")

    async def stop(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
        tasks = [*self._running, *([self._listening] if self._listening else [])]
        for task in self._running:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._child is not None:
            await self._child.end(STOP_PATIENCE)

    async def _listen(self, child: ChildProcess) -> None:
        try:
            first = await child.read_valid(PATIENCE)
        except TimeoutError:
            first = None
        self._report_start(first)
        while (line := await child.read_valid()) is not None:
            if (pressed := self._keys.get(str(line.get("pressed")))) is not None:
                self._run_soon(pressed)
            elif "ignored" in line:
                front = ", ".join(map(str, line.get("front") or ())) or "an unknown program"
                log.info("%s was ignored, because no DAW is in front but %s", line["ignored"], front)
        if first is not None and "error" not in first:
            self._alert(HotkeysMissing("Hotkeys stopped working: the process that listens to the keyboard has ended."))

    def _report_start(self, line: Mapping[str, Any] | None) -> None:
        if line is None:
            self._alert(HotkeysMissing("Hotkeys could not be started, for an unknown reason."))
        elif isinstance(error := line.get("error"), dict):
            self._alert(from_wire(error))
        else:
            log.info("listening to %s", ", ".join(self._keys))

    def _run_soon(self, command: Command) -> None:
        task = asyncio.create_task(self._run(command), name=f"key for {command.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, command: Command) -> None:
        try:
            values = read(command, ())
            if command.run is None or values is None:
                return
            outcome = command.run(self._bridge, values)
            if inspect.isawaitable(outcome):
                await outcome
        except BridgeError as error:
            self._alert(error)
        except Exception:
            log.exception("a command failed")
            self._alert(Unexpected())

    def _alert(self, error: BridgeError) -> None:
        log.warning("%s", error.text)
        self._bus.publish(Alert(error.code, error.text))
