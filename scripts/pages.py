"""The pages for users: parameters, presets, settings, errors, OSC and the command line."""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from bad_inputs import BAD_INPUTS
from tables import code, page, table

from bridge import errors as tree
from bridge.cli.parser import build_parser
from bridge.config import resources
from bridge.config.load import DEFAULTS
from bridge.config.settings import KEYS
from bridge.control.command import Argument, Command
from bridge.control.table import COMMANDS, MESSAGES
from bridge.presets.library import FAMILIES, Presets
from bridge.presets.parameters import PARAMS
from bridge.util.validation import describe


def params() -> str:
    """Describe the model's inputs."""
    rows = [
        (
            f"`{param.name}`",
            describe(param.takes),
            "required" if param.required else code(json.dumps(param.default) if param.default is not None else None),
            f"{param.surface[0]:g} to {param.surface[1]:g}" if param.surface else "",
            param.help + (" *Probably changes nothing.*" if param.inert else ""),
        )
        for param in PARAMS.values()
    ]
    return page(
        "Parameters",
        "bridge/presets/parameters.py",
        f"The model fal-ai/ace-step/audio-to-audio has {len(PARAMS) - 1} inputs beside the audio's address. Every "
        "one can be given in a request, in a preset under `[parameters]`, as `ace-bridge remix --set NAME=VALUE` "
        "and as `/bridge/param/<name>`; all are checked before anything is sent, and sent only when they are "
        "required or differ from the default.",
        table(("name", "takes", "default", "fader", "what it does"), rows),
        "*Probably changes nothing*: ACE-Step's open source does not read this input when it edits audio. Whether "
        "fal's own copy does is not known; it is sent if you change it.",
        f"Where ranges come from: {'; '.join(f'{name}: {source}' for name, source in _sources())}. Everything else "
        "is the model's page.",
        "`amount` (0 to 1) is the bridge's own: how far from the source. Each engine makes of it what it can.",
    )


def _sources() -> Iterator[tuple[str, str]]:
    """Name the parameters whose range is not on the model's page."""
    for param in PARAMS.values():
        if "range" in param.source:
            yield f"`{param.name}`", param.source.partition(", ")[2]


def presets() -> str:
    """List the shipped presets."""
    shipped = Presets([resources.folder("presets")]).all()
    parts = []
    for family in FAMILIES:
        rows = [
            (
                f"`{preset.name}`",
                preset.title,
                preset.description,
                preset.needs_model,
                preset.tags,
                f"{preset.amount:g}" if preset.amount is not None else "",
                ", ".join(
                    [
                        *(["lyrics mode"] if preset.edit_mode == "lyrics" else []),
                        *(["sung"] if preset.lyrics != "[inst]" else []),
                        *(f"`{name}` {value:g}" for name, value in preset.parameters.items()),
                    ]
                ),
            )
            for preset in shipped
            if preset.family == family
        ]
        parts += [
            f"## {family}",
            table(("name", "title", "what you hear", "only the model adds", "tags", "amount", "also sets"), rows),
        ]
    return page(
        "Presets",
        "presets/*.toml",
        f"{len(shipped)} presets ship with the bridge, in {len(FAMILIES)} families. The family says what the offline "
        "engine makes of a preset: it changes rhythm and tone and cannot add the sounds named under “only the model "
        "adds”. Presets of one family differ offline in amount and in their random choices. The model gets the tags. "
        "No preset sets a tempo, so that the song's own wins, and unless it says “sung” nobody sings.",
        "A file in the `presets` folder of the bridge's home is a preset of your own; of the same name as a shipped "
        "one, it replaces it. `ace-bridge presets new NAME` writes one to begin with, `ace-bridge presets check` "
        "reads them all and names file, line and key of each mistake.",
        *parts,
    )


def config() -> str:
    """Describe every setting."""
    text = DEFAULTS.read_text(encoding="utf-8")
    parts = []
    for section, values in tomllib.loads(text).items():
        body = text.split(f"[{section}]\n", 1)[1].split("\n[", 1)[0]
        rows = []
        for key, value in values.items():
            found = re.search(rf"^{key} *=.*?#\s*(.*)$", body, re.MULTILINE)
            meaning = found[1] if found else ""
            rows.append((f"`{key}`", code(json.dumps(value)), describe(KEYS[section][key]), meaning))
        parts += [f"## [{section}]", table(("key", "default", "takes", "meaning"), rows)]
    return page(
        "Settings",
        "bridge/config/default.toml and bridge/config/settings.py",
        "Every setting has a default. To change one, write it under its section into `config.toml` in the bridge's "
        "home (`ace-bridge config path` prints where that is), or set the environment variable "
        "`ACE_BRIDGE_<SECTION>_<KEY>`, for example `ACE_BRIDGE_OSC_PORT=9000`; lists have commas between their "
        "items. The environment wins. `ace-bridge config` shows what is in effect and where it comes from.",
        "The home is `ACE_BRIDGE_HOME`, else `~/.local/share/ace-bridge` on Linux (`XDG_DATA_HOME` counts), "
        "`~/Library/Application Support/ace-bridge` on macOS and `%USERPROFILE%\\ace-bridge` on Windows.",
        "The fal key is no setting: `FAL_KEY`, or `FAL_KEY_ID` with `FAL_KEY_SECRET`, or the system's keychain, or "
        "what `ace-bridge config set-key` has kept, in this order.",
        *parts,
    )


def errors() -> str:
    """List every error with its code and next step."""
    branches: list[tuple[str, list[tuple[str, str, str]]]] = [("Inside the bridge", [])]
    for cls in tree.all_errors():
        text = " ".join((cls.__doc__ or "").split())
        if cls.__mro__[1] is tree.BridgeError and cls.__subclasses__():
            branches.append((text, []))
        rows = branches[0][1] if cls in (tree.BridgeError, tree.Unexpected) else branches[-1][1]
        rows.append((f"`{cls.code}`", text, cls.hint))
    parts = [
        part for title, rows in branches for part in (f"## {title.rstrip('.')}", table(("code", "means", "next"), rows))
    ]
    return page(
        "Errors",
        "bridge/errors/",
        "Whatever goes wrong is said in one sentence, with a code that stays the same between versions and with the "
        "next step. The sentence names the file, the value or the range where there is one; the general form stands "
        "here. Tracebacks are in `logs/bridge.log`.",
        *parts,
        *_bad_inputs(),
    )


def _bad_inputs() -> Iterator[str]:
    """Show which input gives which error."""
    yield "## Which input gives which error"
    yield (
        "Every line is made to happen by tests/system/test_bad_input.py, with real daemons and files. The source stays "
        "as it is, nothing is ordered that was not ordered before, and the clips behind go on."
    )
    rows = [
        (bad.what, f"`{bad.code}`" if bad.code else "none", bad.says or "it is remixed", bad.after)
        for bad in BAD_INPUTS
    ]
    yield table(("input", "code", "what is said", "and then"), rows)
    yield "A model's input out of its range, or of a wrong type, is `param_invalid`; params.md has the ranges."


def osc() -> str:
    """Describe the OSC addresses."""
    asked = [
        (
            f"`{command.address}`",
            _arguments(command.arguments, asked=True),
            command.help + _manner(command),
        )
        for command in COMMANDS
    ]
    told = [
        (
            f"`{message.address}`",
            _arguments(message.arguments, asked=False),
            message.help,
            "the asker" if message.to_sender else "subscribers",
        )
        for message in MESSAGES
    ]
    return page(
        "OSC",
        "bridge/control/table.py",
        "UDP, and TCP with a length prefix (OSC 1.0), on 127.0.0.1 port 9123 (`[osc]` in config.md). Numbers may "
        "come as `i`, `f`, `d`, `h`, `T` or `F`. Arguments in brackets may be left out. Answers go to the address "
        "and port that asked.",
        "## In",
        table(("address", "arguments", "what happens"), asked),
        "## Out",
        table(("address", "arguments", "meaning", "goes to"), told),
        "## On a bad way",
        "Datagrams get lost, come twice and overtake each other. What the bridge says is therefore a state and not "
        "an event: with every heartbeat it says again over UDP what a subscriber should know, and a job's last words "
        "for a minute. So a surface ends up right after any loss, a fader shows what the bridge holds once it rests, "
        "and a script should act when a value changes, not when it comes. Alerts, answers and results' paths are said "
        "once.",
        "A press is done once however often it arrives. It is known again:",
        "- by its name: any message may end with one more text, `press:` and a name of your own. The bridge answers "
        "`/bridge/ack` at once, and repeats ack and answer for each repetition within ten minutes. So a script sends "
        "its press again every 100 ms until it hears the ack, and nothing is done or bought twice;\n"
        "- by its time tag, if it comes in a bundle that has one; a value whose time tag is older than the last one of "
        "the same sender and address is left out;\n"
        "- else, over UDP, by being the same message from the same port within 100 ms, or within a second for what may "
        "cost money. Two presses that are meant are further apart; over "
        "TCP nothing comes twice, and every press counts.",
        "A bundle with a time tag in the next minute waits for its time; others are done at once.",
        "## OSCQuery",
        "Programs that know OSCQuery find all of this by themselves: `http://127.0.0.1:9124/` (`[http]` in config.md; "
        "`http_port` of daemon.json) has the tree of addresses with types, ranges, descriptions and present values, "
        "`?HOST_INFO` says where OSC is. `?VALUE` and the other attributes work on every address. Over a websocket at "
        "the same port `LISTEN` and `IGNORE` tell values as they change. It is to be read only, and for programs: what "
        "a website asks for, under whatever name, is refused.",
    )


def _arguments(arguments: tuple[Argument, ...], *, asked: bool) -> str:
    return "; ".join(_argument(argument, optional=asked and not argument.required) for argument in arguments)


def _argument(argument: Argument, *, optional: bool) -> str:
    extent = ""
    if argument.choices:
        extent = f" ({' or '.join(argument.choices)})"
    elif argument.low is not None and argument.high is not None:
        extent = f" ({argument.low:g} to {argument.high:g})"
    name = f"[`{argument.name}`]" if optional else f"`{argument.name}`"
    return f"{name} {argument.kind}{extent}: {argument.help}"


def _manner(command: Command) -> str:
    notes = []
    if command.needs_daw:
        notes.append("needs a DAW that said hello")
    if command.spends:
        notes.append("may cost money")
    if command.sides:
        notes.append(f"{' or '.join(command.sides)} may also stand behind the address, as its last part")
    if command.button:
        notes.append("a button's release (0 or F) is ignored")
    text = "; ".join(notes)
    return f" *{text[:1].upper()}{text[1:]}.*" if notes else ""


def cli() -> str:
    """Describe the commands of the terminal."""
    parser = build_parser()
    words = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    parts = []
    for name, word in words.choices.items():
        rows = [
            _option(action) for action in word._actions if action.help != argparse.SUPPRESS and action.dest != "help"
        ]
        parts += [f"## ace-bridge {name}", word.description or "", table(("option", "meaning"), rows) if rows else ""]
    return page(
        "Command line",
        "bridge/cli/parser.py",
        "Exit status: 0 done, 1 an error was explained, 2 a wrong option, 3 (`status` only) the daemon does not run, "
        "130 Ctrl-C.",
        *parts,
    )


def _option(action: Any) -> tuple[str, str]:
    value = (
        "" if action.nargs == 0 else action.metavar or ("{" + ",".join(action.choices) + "}" if action.choices else "")
    )
    names = ", ".join(action.option_strings) or (value or action.dest)
    shown = f"{names} {value}".strip() if action.option_strings else names
    return f"`{shown}`", str(action.help or "")
