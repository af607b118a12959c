"""The command table: all commands that surfaces can send, and all messages that surfaces can receive.

menu | key | MIDI | OSC | panel | CLI → this table → `BridgeApi`, which the daemon implements.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from bridge.control.api import SHOWN, Accepted, BridgeApi, ClipAsk
from bridge.control.arguments import checked, from_surface
from bridge.control.command import Argument, Command, Message, Values
from bridge.errors import RequestError

ENCODERS = ("", "twos", "offset", "sign")  # encoder modes: two's complement, binary offset, sign-magnitude; "": detect
_TOKEN = Argument("token", "text", "`token` of daemon.json", required=True)
_COMMAND = Argument("command", "text", "name of a command for controls, for example remix", required=True)
_ARGUMENT = Argument("argument", "text", "the command's argument: a preset, a parameter, a side", default="")
_SECONDS = Argument("seconds", "number", "s to listen", default=60.0, low=1.0, high=3600.0)
_JOB = Argument("job", "text", "ID or unique prefix of the job (default: the newest)", default="")
_PRESET = Argument("preset", "text", "name of a preset (default: the selected one)", default="")
_DAY = 86400.0


def _clip(bridge: BridgeApi, values: Values) -> Awaitable[Accepted]:
    """Request a remix. OSC has no None, so a length of 0 and a negative position mean that no value is given."""
    position = values["position"]
    return bridge.clip(
        ClipAsk(
            path=values["path"],
            offset=values["offset"],
            length=values["length"] or None,
            position=None if position < 0 else position,
            preset=values["preset"],
        )
    )


COMMANDS: tuple[Command, ...] = (
    Command("ping", "Check whether the bridge is running. It answers /bridge/pong.", lambda b, v: b.ping()),
    Command(
        "inbox",
        "Read the inbox now, because a message file was written. With the message's ID, the answer names its job.",
        lambda b, v: b.inbox(v["message_id"]),
        (Argument("message_id", "text", "ID of the message", default=""),),
        button=True,
        idempotent=True,
    ),
    Command(
        "clip",
        "Remix a span of an audio file. The sender gets the answer, the progress and the result's path.",
        _clip,
        (
            _TOKEN,
            Argument("path", "path", "absolute path of the audio file", required=True, longest=4096),
            Argument("offset", "number", "s from the file's start", default=0.0, low=0.0, high=_DAY),
            Argument("length", "number", "s; 0: to the file's end", default=0.0, low=0.0, high=_DAY),
            Argument("position", "number", "s on your timeline; -1: none", default=-1.0, low=-1.0, high=_DAY),
            _PRESET,
        ),
        spends=True,
    ),
    Command(
        "remix",
        "Remix the selection in the most recently connected DAW.",
        lambda b, v: b.remix(),
        needs_daw=True,
        spends=True,
        button=True,
    ),
    Command("cancel", "Cancel a job.", lambda b, v: b.cancel(v["job"]), (_JOB,), button=True),
    Command(
        "rerun",
        "Submit a new job from a job's recipe.",
        lambda b, v: b.rerun(v["job"]),
        (_JOB,),
        spends=True,
        button=True,
    ),
    Command(
        "preset.select",
        "Select a preset.",
        lambda b, v: b.surface_settings.select(v["name"]),
        (Argument("name", "text", "name of the preset", required=True),),
        tells_preset=True,
        button=True,
        idempotent=True,
    ),
    Command(
        "preset.next",
        "Select the next preset.",
        lambda b, v: b.surface_settings.step(1),
        tells_preset=True,
        button=True,
    ),
    Command(
        "preset.previous",
        "Select the previous preset.",
        lambda b, v: b.surface_settings.step(-1),
        tells_preset=True,
        button=True,
    ),
    Command(
        "param",
        "Override a parameter of the preset for the next remixes.",
        lambda b, v: b.surface_settings.set(v["name"], from_surface(v["name"], v["value"])),
        (
            Argument("name", "text", "name of the parameter", required=True, in_address=True),
            Argument("value", "value", "a value in the parameter's range", required=True),
        ),
    ),
    Command(
        "audition",
        "Play a variation or its source clip. While it is playing, switch sides at the same position.",
        lambda b, v: b.audition(v["variation"], v["which"]),
        (
            Argument("variation", "text", "ID of the variation (default: the newest with a result)", default=""),
            Argument("which", "text", "side to play", default="result", choices=("source", "result")),
        ),
        button=True,
    ),
    Command(
        "audition.switch",
        "Switch sides at the same position and loudness. If nothing is playing, play the newest result.",
        lambda b, v: b.switch_audition(),
        button=True,
    ),
    Command(
        "audition.loop",
        "Turn looping on or off.",
        lambda b, v: b.loop_audition({"on": True, "off": False}.get(v["how"])),
        (Argument("how", "text", "on or off (default: toggle)", default="", choices=("on", "off")),),
        button=True,
    ),
    Command(
        "audition.stop",
        "Stop playing.",
        lambda b, v: b.stop_audition(),
        button=True,
        idempotent=True,
    ),
    Command(
        "subscribe",
        f"Get the current state (of the newest {SHOWN} open jobs) and all further messages.",
        None,
        (Argument("port", "port", "UDP port for the messages (default: the sender's)", low=1, high=65535),),
    ),
    Command("refresh", "Get the current state again.", None, button=True),
    Command("unsubscribe", "End the subscription.", None, button=True),
    Command(
        "stop",
        "Stop the bridge. Requests in flight are finished first; unfinished remixes continue at the next start.",
        lambda b, v: b.stop(),
        (_TOKEN,),
        local=True,
        idempotent=True,
    ),
    Command(
        "unlock",
        "From another machine: allow this sender to spend money for a while.",
        None,
        (Argument("secret", "text", "`[osc] secret` of the bridge's settings", required=True),),
    ),
    Command(
        "midi.devices",
        "List the MIDI controllers and the mapping of each.",
        lambda b, v: b.midi.devices(),
        (_TOKEN,),
    ),
    Command(
        "midi.controls",
        "List the command of every mapped control.",
        lambda b, v: b.midi.controls(),
        (_TOKEN,),
    ),
    Command(
        "midi.learn",
        "Map the first control that moves to a command. Until then, controls do nothing.",
        lambda b, v: b.midi.learn(
            v["command"], v["argument"], v["seconds"], v["encoder"], bool(v["light"]), bool(v["replace"])
        ),
        (
            _TOKEN,
            _COMMAND,
            _ARGUMENT,
            _SECONDS,
            Argument("encoder", "text", "mode of an endless encoder", default="", choices=ENCODERS),
            Argument("light", "text", "light: the control has a light", default="", choices=("", "light")),
            Argument("replace", "text", "replace: overwrite its current command", default="", choices=("", "replace")),
        ),
    ),
    Command(
        "midi.unlearn",
        "Remove the controls of a command.",
        lambda b, v: b.midi.unlearn(v["command"], v["argument"]),
        (_TOKEN, _COMMAND, _ARGUMENT),
    ),
    Command(
        "midi.use",
        "Use a mapping that ships with the bridge.",
        lambda b, v: b.midi.adopt(v["template"]),
        (_TOKEN, Argument("template", "text", "its name", required=True)),
    ),
    Command(
        "midi.monitor",
        "Report everything that controllers send. Meanwhile, controls do nothing.",
        lambda b, v: b.midi.monitor(v["seconds"]),
        (_TOKEN, _SECONDS),
    ),
    Command(
        "midi.stop",
        "End /bridge/midi/learn and /bridge/midi/monitor.",
        lambda b, v: b.midi.stop_listening(),
        (_TOKEN,),
    ),
)

_DEVICE = Argument("device", "text", "its name")
_CONTROL = Argument("control", "text", "message, number and channel, for example note 36, channel 1")
_CODE = Argument("code", "text", "the error's stable name, see errors.md")
_TEXT = Argument("text", "text", "one sentence for the user")
_STATE = Argument("state", "text", "a job state")
_FRACTION = Argument("fraction", "number", "progress from 0 to 1", low=0.0, high=1.0)
_MESSAGE_ID = Argument("message_id", "text", "ID of the answered message, or empty")

MESSAGES: tuple[Message, ...] = (
    Message(
        "/bridge/pong",
        "The answer to /bridge/ping.",
        (Argument("version", "text", "of the bridge"), Argument("protocol", "number", "of its messages")),
        to_sender=True,
    ),
    Message(
        "/bridge/accepted",
        "The request was accepted.",
        (_MESSAGE_ID, Argument("job_id", "text", "ID of the new job")),
        to_sender=True,
    ),
    Message("/bridge/error", "The command failed.", (_MESSAGE_ID, _CODE, _TEXT), to_sender=True),
    Message(
        "/bridge/ack",
        "A message with an ID of its own (“press:”) arrived. Sent before its answer, and again for each duplicate.",
        (Argument("press", "text", "the ID after “press:”"),),
        to_sender=True,
    ),
    Message(
        "/bridge/unlocked",
        "You may spend money now.",
        (Argument("seconds", "number", "s until it expires"),),
        to_sender=True,
    ),
    Message(
        "/bridge/job/<id>/path",
        "Path of a result of your /bridge/clip, once per variation.",
        (Argument("path", "path", "absolute path"), Argument("variation", "text", "id of the variation")),
        to_sender=True,
    ),
    Message("/bridge/job", "A job's state.", (Argument("id", "text", "id of the job"), _STATE)),
    Message("/bridge/job/<id>/progress", "A job's progress.", (_FRACTION,)),
    Message("/bridge/job/<id>/message", "A job's progress in words.", (_TEXT,)),
    Message("/bridge/progress", "Progress of the newest job, for a fader.", (_FRACTION,)),
    Message(
        "/bridge/message",
        "Progress of the newest job in words, or the latest error: one line for a display.",
        (_TEXT,),
    ),
    Message("/bridge/state", "State of the newest job, or idle if there is none.", (_STATE,)),
    Message(
        "/bridge/cost",
        "Cost of the newest job: billed, or estimated until the bill is known.",
        (Argument("amount", "number", "money, in the engine's currency"),),
    ),
    Message(
        "/bridge/param/<name>",
        "A parameter was set. While a sender is setting it, that sender does not get this message.",
        (Argument("value", "value", "the new value"),),
    ),
    Message(
        "/bridge/preset/select",
        "A preset was selected. Not sent to the subscriber that selected it by name. Also answers an unsubscribed "
        "sender of /bridge/preset/select, next or previous.",
        (Argument("name", "text", "name of the preset"),),
    ),
    Message(
        "/bridge/audition/heard",
        "What is playing.",
        (Argument("side", "text", "source or result; empty: nothing is playing", choices=("source", "result", "")),),
    ),
    Message("/bridge/alert", "An error or warning for the user.", (_CODE, _TEXT)),
    Message("/bridge/heartbeat", "The bridge is running. Sent every few seconds."),
    Message(
        "/bridge/midi/device",
        "A controller, or a missing one that has a mapping.",
        (
            _DEVICE,
            Argument("ports", "text", "in, out, in and out, or away"),
            Argument("mapping", "text", "file of its mapping, or empty"),
            Argument("template", "text", "a shipped mapping for it, or empty"),
        ),
        to_sender=True,
    ),
    Message(
        "/bridge/midi/control",
        "The command of a control.",
        (
            _DEVICE,
            _CONTROL,
            Argument("kind", "text", "button, toggle, fader, encoder or program"),
            Argument("command", "text", "its command and argument"),
            Argument("mapping", "text", "file of the mapping"),
        ),
        to_sender=True,
    ),
    Message(
        "/bridge/midi/ready",
        "Learning or monitoring has started.",
        (Argument("devices", "text", "the controllers, separated by commas"),),
        to_sender=True,
    ),
    Message(
        "/bridge/midi/heard",
        "A control was moved.",
        (_DEVICE, _CONTROL, Argument("value", "number", "what it sent")),
        to_sender=True,
    ),
    Message(
        "/bridge/midi/end",
        "End of the answer.",
        (Argument("text", "text", "a remark, or empty"),),
        to_sender=True,
    ),
)

_BY_ADDRESS = {command.address: (command, ()) for command in COMMANDS if "<" not in command.address} | {
    f"{command.address}/{side}": (command, (side,)) for command in COMMANDS for side in command.sides
}
_PARAM = next(command for command in COMMANDS if command.name == "param")
PARAM_PREFIX = _PARAM.address.removesuffix("<name>")


# --- from an address and raw arguments to a checked call --------------------------------------------------------------


def find(address: str) -> tuple[Command, tuple[str, ...]] | None:
    """Return an OSC address's command and the arguments contained in the address; None if the address is unknown."""
    if found := _BY_ADDRESS.get(address):
        return found
    name = address.removeprefix(PARAM_PREFIX)
    if name and name != address and "/" not in name:
        return _PARAM, (name,)
    return None


def read(command: Command, raw: Sequence[Any]) -> dict[str, Any] | None:
    """Check the arguments that a surface has sent for a command. Extra arguments are ignored.

    Returns:
        The arguments by name, or None if the message reports the release of a button.

    Raises:
        RequestError: an argument is missing or invalid; the error names the argument.
    """
    given = list(raw)
    if command.button:
        state = [value for value in given if isinstance(value, (bool, int, float))]
        if state and not any(state):
            return None
        given = [value for value in given if not isinstance(value, (bool, int, float))]
    if command.name == "audition" and given[:1] in (["source"], ["result"]):
        given.insert(0, "")  # surfaces usually send only the side, without a variation
    values: dict[str, Any] = {}
    for index, argument in enumerate(command.arguments):
        value = given[index] if index < len(given) else None
        if value is None and argument.required:
            raise RequestError(f"{command.address} needs the argument {argument.name}: {argument.help}.")
        values[argument.name] = argument.default if value is None else checked(command.address, argument, value)
    return values
