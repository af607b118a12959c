"""Keys that work whatever window is in front, for DAWs without key hooks of their own; off until some are named.

`[hotkeys] keys` → here → `python -m bridge.hotkeys.process` (the system's keyboard) → a command of the table →
`BridgeService`. The process that listens is one of its own: what it needs of the system may be missing, denied or go
away.
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

PATIENCE = 15.0  # s until the keyboard must be listened to
STOP_PATIENCE = 2.0  # s until a child that was told to end is ended
MODIFIERS = frozenset({"ctrl", "alt", "shift", "cmd"})
FUNCTION = frozenset(f"f{number}" for number in range(1, 25))

# What a key can ask for: what needs to be told nothing more.
COMMANDS_FOR_KEYS: Mapping[str, Command] = {
    command.name: command
    for command in COMMANDS
    if command.run is not None and command.button and not any(one.required for one in command.arguments)
}


def read_keys(entries: Sequence[str]) -> dict[str, Command]:
    """Return the command of each combination of keys.

    Args:
        entries: as in `[hotkeys] keys`, for example "ctrl+alt+r: remix".

    Raises:
        ConfigInvalid: names the entry, and what it takes.
    """
    found: dict[str, Command] = {}
    for entry in entries:
        keys, _, name = (part.strip() for part in entry.partition(":"))
        if name not in COMMANDS_FOR_KEYS:
            help_ = did_you_mean(name, COMMANDS_FOR_KEYS) or f" There are {', '.join(COMMANDS_FOR_KEYS)}."
            raise ConfigInvalid(f"[hotkeys] keys: “{entry}” asks for no command that a key can have.{help_}")
        combination = _combination(entry, keys)
        if combination in found:
            raise ConfigInvalid(f"[hotkeys] keys: {keys} is there twice, so it is not clear what it asks for.")
        found[combination] = COMMANDS_FOR_KEYS[name]
    return found


def _combination(entry: str, keys: str) -> str:
    """Return a combination in one way of writing: modifiers in order, then the key."""
    *held, key = (part.strip().lower() for part in keys.split("+"))
    if not set(held) <= MODIFIERS or len(set(held)) != len(held) or not key or key in MODIFIERS:
        raise ConfigInvalid(
            f"[hotkeys] keys: “{entry}” has to look like ctrl+alt+r: the modifiers are {', '.join(sorted(MODIFIERS))}."
        )
    if key not in FUNCTION and not set(held) - {"shift"}:
        raise ConfigInvalid(
            f"[hotkeys] keys: “{entry}” would be asked for while you type; it needs ctrl, alt or cmd beside the key."
        )
    return "+".join([*sorted(held), key])


class Hotkeys:
    """Listens to the keyboard while the daemon runs, if keys are named."""

    def __init__(
        self,
        bridge: BridgeApi,
        bus: EventBus,
        keys: Sequence[str],
        *,
        command: Sequence[str] = (sys.executable, "-m", "bridge.hotkeys.process"),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare; no process is started yet.

        Args:
            bridge: what executes the commands.
            bus: told of what cannot be done, as an alert.
            keys: as in `[hotkeys] keys`; none: nothing listens.
            command: what listens to the combinations that are appended to it.
            environ: environment of the child, less the keys for engines; None takes the daemon's own.

        Raises:
            ConfigInvalid: an entry is not right.
        """
        self._bridge = bridge
        self._bus = bus
        self._keys = read_keys(keys)
        self._command = tuple(command)
        self._environ = environ
        self._child: ChildProcess | None = None
        self._listening: asyncio.Task[None] | None = None
        self._doing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen; what is in the way is told as an alert, and the daemon goes on without keys."""
        if not self._keys:
            return
        self._child = await ChildProcess.start(*self._command, json.dumps(list(self._keys)), environ=self._environ)
        self._listening = asyncio.create_task(self._listen(self._child), name="hotkeys")

    async def stop(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.cancel()
        tasks = [*self._doing, *([self._listening] if self._listening else [])]
        for task in self._doing:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._child is not None:
            await self._child.end(STOP_PATIENCE)

    async def _listen(self, child: ChildProcess) -> None:
        try:
            first = await child.read_valid(PATIENCE)
        except TimeoutError:
            first = None
        self._begun(first)
        while (line := await child.read_valid()) is not None:
            if (pressed := self._keys.get(str(line.get("pressed")))) is not None:
                self._begin(pressed)
        if first is not None and "error" not in first:
            self._tell(HotkeysMissing("The keyboard is not listened to any more: the process that does has ended."))

    def _begun(self, line: Mapping[str, Any] | None) -> None:
        if line is None:
            self._tell(HotkeysMissing("The keyboard could not be listened to; nothing said why."))
        elif isinstance(error := line.get("error"), dict):
            self._tell(from_wire(error))
        else:
            log.info("listening to %s", ", ".join(self._keys))

    def _begin(self, command: Command) -> None:
        task = asyncio.create_task(self._do(command), name=f"key for {command.name}")
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def _do(self, command: Command) -> None:
        try:
            values = read(command, ())
            if command.run is None or values is None:
                return
            outcome = command.run(self._bridge, values)
            if inspect.isawaitable(outcome):
                await outcome
        except BridgeError as error:
            self._tell(error)
        except Exception:
            log.exception("a command failed")
            self._tell(Unexpected())

    def _tell(self, error: BridgeError) -> None:
        log.warning("%s", error.text)
        self._bus.publish(Alert(error.code, error.text))
