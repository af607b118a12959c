"""THE command table: everything that can be asked of the bridge from a surface, and everything that it tells surfaces.

menu | key | MIDI | OSC | panel | CLI → this table → `BridgeApi` (the scheduler's side, implemented by the daemon).
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from bridge.control.api import SHOWN, Accepted, BridgeApi, ClipAsk
from bridge.control.arguments import checked, from_surface
from bridge.control.command import Argument, Command, Message, Values
from bridge.errors import RequestError

ENCODERS = ("", "twos", "offset", "sign")  # how a relative encoder counts; "": found out
_TOKEN = Argument("token", "text", "`token` of daemon.json", required=True)
_COMMAND = Argument("command", "text", "name of a command that controls can have, for example remix", required=True)
_ARGUMENT = Argument("argument", "text", "what the command is for: a preset, a parameter, a side", default="")
_SECONDS = Argument("seconds", "number", "s to listen", default=60.0, low=1.0, high=3600.0)
_JOB = Argument("job", "text", "id of the job or its first characters; without it the newest", default="")
_PRESET = Argument("preset", "text", "name of a preset; without it the one that is selected", default="")
_DAY = 86400.0


def _clip(bridge: BridgeApi, values: Values) -> Awaitable[Accepted]:
    """Turn the sentinels, which stand for what OSC cannot leave out in the middle, into None."""
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
    Command("ping", "Ask whether the bridge is there; it answers /bridge/pong.", lambda b, v: b.ping()),
    Command(
        "inbox",
        "Say that a message file was written into the inbox, so that it is taken in at once; with its id, the answer "
        "names the job that it made.",
        lambda b, v: b.inbox(v["message_id"]),
        (Argument("message_id", "text", "id of the message", default=""),),
        button=True,
        idempotent=True,
    ),
    Command(
        "clip",
        "Remix a span of an audio file, the whole request in one message; the answer, the progress and the result's "
        "path go to the sender.",
        _clip,
        (
            _TOKEN,
            Argument("path", "path", "absolute path of the audio file", required=True, longest=4096),
            Argument("offset", "number", "s from the file's start", default=0.0, low=0.0, high=_DAY),
            Argument("length", "number", "s; 0 is to the file's end", default=0.0, low=0.0, high=_DAY),
            Argument("position", "number", "s on your timeline; -1 is none", default=-1.0, low=-1.0, high=_DAY),
            _PRESET,
        ),
        spends=True,
    ),
    Command(
        "remix",
        "Remix what is selected in the DAW that said hello last.",
        lambda b, v: b.remix(),
        needs_daw=True,
        spends=True,
        button=True,
    ),
    Command("cancel", "Stop a job.", lambda b, v: b.cancel(v["job"]), (_JOB,), button=True),
    Command(
        "rerun",
        "Make a new job from the recipe of one.",
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
        "Set a parameter over the preset, for the remixes to come.",
        lambda b, v: b.surface_settings.set(v["name"], from_surface(v["name"], v["value"])),
        (
            Argument("name", "text", "name of the parameter", required=True, in_address=True),
            Argument("value", "value", "the value, within the parameter's range", required=True),
        ),
    ),
    Command(
        "audition",
        "Play a variation, or the clip it was made from; while it is played, change the side at the same place.",
        lambda b, v: b.audition(v["variation"], v["which"]),
        (
            Argument("variation", "text", "id of the variation; without it the newest with a result", default=""),
            Argument("which", "text", "which side", default="result", choices=("source", "result")),
        ),
        button=True,
    ),
    Command(
        "audition.switch",
        "Let the other side be heard, at the same place and equally loud; begin with the newest result.",
        lambda b, v: b.switch_audition(),
        button=True,
    ),
    Command(
        "audition.loop",
        "Begin again at the end, or not.",
        lambda b, v: b.loop_audition({"on": True, "off": False}.get(v["how"])),
        (Argument("how", "text", "which of them; without it the other one", default="", choices=("on", "off")),),
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
        "Be told of everything that happens from now on, beginning with the present state (of the newest "
        f"{SHOWN} open jobs).",
        None,
        (Argument("port", "port", "UDP port to tell; without it the one this came from", low=1, high=65535),),
    ),
    Command("refresh", "Tell the present state once more.", None, button=True),
    Command("unsubscribe", "Be told no more.", None, button=True),
    Command(
        "unlock",
        "From another machine: let this sender ask for what may cost money, for a while.",
        None,
        (Argument("secret", "text", "`[osc] secret` of the bridge's settings", required=True),),
    ),
    Command(
        "midi.devices",
        "Tell which MIDI controllers are there and which mapping each has.",
        lambda b, v: b.midi.devices(),
        (_TOKEN,),
    ),
    Command(
        "midi.controls",
        "Tell what every mapped control does.",
        lambda b, v: b.midi.controls(),
        (_TOKEN,),
    ),
    Command(
        "midi.learn",
        "Map the first control that changes to a command; until then no control does anything.",
        lambda b, v: b.midi.learn(
            v["command"], v["argument"], v["seconds"], v["encoder"], bool(v["light"]), bool(v["replace"])
        ),
        (
            _TOKEN,
            _COMMAND,
            _ARGUMENT,
            _SECONDS,
            Argument("encoder", "text", "how it counts if it turns without end", default="", choices=ENCODERS),
            Argument("light", "text", "whether it has a light", default="", choices=("", "light")),
            Argument("replace", "text", "whether it may lose what it does now", default="", choices=("", "replace")),
        ),
    ),
    Command(
        "midi.unlearn",
        "Take away the controls that do a command.",
        lambda b, v: b.midi.unlearn(v["command"], v["argument"]),
        (_TOKEN, _COMMAND, _ARGUMENT),
    ),
    Command(
        "midi.use",
        "Use a mapping that comes with the bridge.",
        lambda b, v: b.midi.adopt(v["template"]),
        (_TOKEN, Argument("template", "text", "its name", required=True)),
    ),
    Command(
        "midi.monitor",
        "Tell everything that controllers send; meanwhile no control does anything.",
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
_TEXT = Argument("text", "text", "one sentence for people")
_STATE = Argument("state", "text", "a word of the list of states")
_FRACTION = Argument("fraction", "number", "how far it is", low=0.0, high=1.0)
_MESSAGE_ID = Argument("message_id", "text", "id of the message that it answers, empty where there is none")

MESSAGES: tuple[Message, ...] = (
    Message(
        "/bridge/pong",
        "The answer to /bridge/ping.",
        (Argument("version", "text", "of the bridge"), Argument("protocol", "number", "of its messages")),
        to_sender=True,
    ),
    Message(
        "/bridge/accepted",
        "The request was taken on.",
        (_MESSAGE_ID, Argument("job_id", "text", "the job that came of it")),
        to_sender=True,
    ),
    Message("/bridge/error", "That could not be done.", (_MESSAGE_ID, _CODE, _TEXT), to_sender=True),
    Message(
        "/bridge/ack",
        "A message with a name of its own has arrived; before its answer, and again for each repetition.",
        (Argument("press", "text", "what stood behind “press:”"),),
        to_sender=True,
    ),
    Message(
        "/bridge/unlocked",
        "What may cost money is taken from you now.",
        (Argument("seconds", "number", "how long"),),
        to_sender=True,
    ),
    Message(
        "/bridge/job/<id>/path",
        "Where a result of your /bridge/clip lies; once for each variation.",
        (Argument("path", "path", "absolute path"), Argument("variation", "text", "id of the variation")),
        to_sender=True,
    ),
    Message("/bridge/job", "A job's state.", (Argument("id", "text", "id of the job"), _STATE)),
    Message("/bridge/job/<id>/progress", "A job's progress.", (_FRACTION,)),
    Message("/bridge/job/<id>/message", "What a job is at.", (_TEXT,)),
    Message("/bridge/progress", "Progress of the newest job, for a single fader.", (_FRACTION,)),
    Message(
        "/bridge/message",
        "What the newest job is at, or what went wrong last: one line for a display.",
        (_TEXT,),
    ),
    Message("/bridge/state", "State of the newest job, idle when there is none.", (_STATE,)),
    Message(
        "/bridge/cost",
        "Cost of the newest job: what was billed, or the estimate until that is known.",
        (Argument("amount", "number", "money, in the engine's currency"),),
    ),
    Message(
        "/bridge/param/<name>",
        "A parameter was set; not sent to the hand that sets it before it rests.",
        (Argument("value", "value", "the new value"),),
    ),
    Message(
        "/bridge/preset/select",
        "A preset was selected; not sent to the subscriber that selected it by name. Also the answer to a sender of "
        "/bridge/preset/select, next or previous that has not subscribed.",
        (Argument("name", "text", "name of the preset"),),
    ),
    Message(
        "/bridge/audition/heard",
        "What is played now.",
        (Argument("side", "text", "source or result, empty when nothing is played", choices=("source", "result", "")),),
    ),
    Message("/bridge/alert", "Something that a person should see.", (_CODE, _TEXT)),
    Message("/bridge/heartbeat", "The bridge is alive; every few seconds."),
    Message(
        "/bridge/midi/device",
        "One controller, or one that a mapping waits for.",
        (
            _DEVICE,
            Argument("ports", "text", "in, out, in and out, or away"),
            Argument("mapping", "text", "file of its mapping, or empty"),
            Argument("template", "text", "a shipped mapping that is made for it, or empty"),
        ),
        to_sender=True,
    ),
    Message(
        "/bridge/midi/control",
        "What one control does.",
        (
            _DEVICE,
            _CONTROL,
            Argument("kind", "text", "button, toggle, fader, encoder or program"),
            Argument("command", "text", "what it does, with what for"),
            Argument("mapping", "text", "file that says so"),
        ),
        to_sender=True,
    ),
    Message(
        "/bridge/midi/ready",
        "Learning or listening has begun.",
        (Argument("devices", "text", "the controllers that are heard, with commas between them"),),
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
        "That was all of the answer.",
        (Argument("text", "text", "what there is to know beside it, or empty"),),
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
    """Return the command of an OSC address and the arguments that the address itself carries, or None."""
    if found := _BY_ADDRESS.get(address):
        return found
    name = address.removeprefix(PARAM_PREFIX)
    if name and name != address and "/" not in name:
        return _PARAM, (name,)
    return None


def read(command: Command, raw: Sequence[Any]) -> dict[str, Any] | None:
    """Check arguments as they came from a surface; arguments beyond the table's are ignored.

    Returns:
        The arguments by name, or None when it was only the release of a button.

    Raises:
        RequestError: an argument is missing or wrong; the text names it.
    """
    given = list(raw)
    if command.button:
        state = [value for value in given if isinstance(value, (bool, int, float))]
        if state and not any(state):
            return None
        given = [value for value in given if not isinstance(value, (bool, int, float))]
    if command.name == "audition" and given[:1] in (["source"], ["result"]):
        given.insert(0, "")  # a surface names the side far more often than the variation
    values: dict[str, Any] = {}
    for index, argument in enumerate(command.arguments):
        value = given[index] if index < len(given) else None
        if value is None and argument.required:
            raise RequestError(f"{command.address} needs its argument {argument.name}: {argument.help}.")
        values[argument.name] = argument.default if value is None else checked(command.address, argument, value)
    return values
