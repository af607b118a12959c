"""The part of the command table that is about MIDI controllers themselves: which are there, learn, unlearn, listen.

Taken into the tables of table.py. Each of these needs the token of daemon.json: they change files in the home.
"""

from __future__ import annotations

from bridge.control.command import Argument, Command, Message

ENCODERS = ("", "twos", "offset", "sign")  # how a relative encoder counts; "": found out

_TOKEN = Argument("token", "text", "`token` of daemon.json", required=True)
_COMMAND = Argument("command", "text", "name of a command that controls can have, for example remix", required=True)
_ARGUMENT = Argument("argument", "text", "what the command is for: a preset, a parameter, a side", default="")

MIDI_COMMANDS: tuple[Command, ...] = (
    Command(
        "midi.devices",
        "/bridge/midi/devices",
        "Tell which MIDI controllers are there and which mapping each has.",
        lambda b, v: b.midi.devices(),
        (_TOKEN,),
    ),
    Command(
        "midi.controls",
        "/bridge/midi/controls",
        "Tell what every mapped control does.",
        lambda b, v: b.midi.controls(),
        (_TOKEN,),
    ),
    Command(
        "midi.learn",
        "/bridge/midi/learn",
        "Map the first control that changes to a command; until then no control does anything.",
        lambda b, v: b.midi.learn(
            v["command"], v["argument"], v["seconds"], v["encoder"], bool(v["light"]), bool(v["replace"])
        ),
        (
            _TOKEN,
            _COMMAND,
            _ARGUMENT,
            Argument("seconds", "number", "s to wait for a control", default=60.0, low=1.0, high=3600.0),
            Argument("encoder", "text", "how it counts if it turns without end", default="", choices=ENCODERS),
            Argument("light", "text", "whether it has a light", default="", choices=("", "light")),
            Argument("replace", "text", "whether it may lose what it does now", default="", choices=("", "replace")),
        ),
    ),
    Command(
        "midi.unlearn",
        "/bridge/midi/unlearn",
        "Take away the controls that do a command.",
        lambda b, v: b.midi.unlearn(v["command"], v["argument"]),
        (_TOKEN, _COMMAND, _ARGUMENT),
    ),
    Command(
        "midi.use",
        "/bridge/midi/use",
        "Use a mapping that comes with the bridge.",
        lambda b, v: b.midi.adopt(v["template"]),
        (_TOKEN, Argument("template", "text", "its name", required=True)),
    ),
    Command(
        "midi.monitor",
        "/bridge/midi/monitor",
        "Tell everything that controllers send; meanwhile no control does anything.",
        lambda b, v: b.midi.monitor(v["seconds"]),
        (_TOKEN, Argument("seconds", "number", "s to listen", default=60.0, low=1.0, high=3600.0)),
    ),
    Command(
        "midi.stop",
        "/bridge/midi/stop",
        "End /bridge/midi/learn and /bridge/midi/monitor.",
        lambda b, v: b.midi.stop_listening(),
        (_TOKEN,),
    ),
)

_DEVICE = Argument("device", "text", "its name")
_CONTROL = Argument("control", "text", "message, number and channel, for example note 36, channel 1")

MIDI_MESSAGES: tuple[Message, ...] = (
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
