"""Generates the pages for users: parameters, presets, settings, errors, OSC and the command line."""

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
            param.help + (" *Probably has no effect.*" if param.inert else ""),
        )
        for param in PARAMS.values()
    ]
    return page(
        "Parameters",
        "bridge/presets/parameters.py",
        f"The model fal-ai/ace-step/audio-to-audio has {len(PARAMS) - 1} inputs besides the audio's URL. You can set "
        "each of them in a request, in a preset under `[parameters]`, with `ace-bridge remix --set NAME=VALUE` and "
        "with `/bridge/param/<name>`. The bridge checks all of them before it sends anything, and sends only those "
        "that are required or differ from the default.",
        table(("name", "takes", "default", "fader", "what it does"), rows),
        "*Probably has no effect*: ACE-Step's open source does not read this input when it edits audio. Whether fal's "
        "deployment reads it is not known. The bridge sends it if you change it.",
        f"Sources of the ranges: {'; '.join(f'{name}: {source}' for name, source in _sources())}. All others are from "
        "the model's page.",
        "`amount` (0 to 1) is the bridge's own parameter: how far the result departs from the source. Each engine maps "
        "it to its own controls.",
    )


def _sources() -> Iterator[tuple[str, str]]:
    """Yield each parameter whose range is not on the model's page, with the source of the range."""
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
            table(("name", "title", "description", "only the model adds", "tags", "amount", "also sets"), rows),
        ]
    return page(
        "Presets",
        "presets/*.toml",
        f"The bridge includes {len(shipped)} presets in {len(FAMILIES)} families. The model uses the tags. The offline "
        "engine uses the family: it changes rhythm and tone, and cannot add the sounds named under “only the model "
        "adds”. Presets of one family differ offline in amount and in their random choices. No preset sets a tempo: "
        "the song's tempo applies. A preset is instrumental unless it is marked “sung”.",
        "To add a preset of your own, put a file in the `presets` folder of the bridge's home. It replaces an included "
        "preset with the same name. `ace-bridge presets new NAME` creates a file to start from, and "
        "`ace-bridge presets check` reads all presets and reports the file, line and key of each mistake.",
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
        "Every setting has a default. To change one, add it under its section in `config.toml` in the bridge's home "
        "(`ace-bridge config path` prints the path), or set the environment variable `ACE_BRIDGE_<SECTION>_<KEY>`, for "
        "example `ACE_BRIDGE_OSC_PORT=9000`. Separate the items of a list with commas. The environment overrides the "
        "file. `ace-bridge config` shows the settings in effect and where each was set. The file may be UTF-8 or "
        "UTF-16.",
        "The home is `ACE_BRIDGE_HOME`, or else `~/.local/share/ace-bridge` on Linux (or under `XDG_DATA_HOME`), "
        "`~/Library/Application Support/ace-bridge` on macOS and `%USERPROFILE%\\ace-bridge` on Windows.",
        "The fal key is not a setting. The bridge looks for it in this order: `FAL_KEY`, `FAL_KEY_ID` with "
        "`FAL_KEY_SECRET`, the system's keychain, the key stored by `ace-bridge config set-key`.",
        *parts,
    )


def errors() -> str:
    """List every error with its code and hint."""
    branches: list[tuple[str, list[tuple[str, str, str]]]] = [("Inside the bridge", [])]
    for cls in tree.all_errors():
        text = " ".join((cls.__doc__ or "").split())
        if cls.__mro__[1] is tree.BridgeError and cls.__subclasses__():
            branches.append((text, []))
        rows = branches[0][1] if cls in (tree.BridgeError, tree.Unexpected) else branches[-1][1]
        rows.append((f"`{cls.code}`", text, cls.hint))
    parts = [
        part
        for title, rows in branches
        for part in (f"## {title.rstrip('.')}", table(("code", "meaning", "what to do"), rows))
    ]
    return page(
        "Errors",
        "bridge/errors/",
        "Every error has a sentence that explains it, a code that stays the same between versions, and a hint on what "
        "to do. The sentence names the file, the value or the range; this page has its general form. Tracebacks are in "
        "`logs/bridge.log`.",
        *parts,
        *_bad_inputs(),
    )


def _bad_inputs() -> Iterator[str]:
    """Yield the table of bad inputs and their errors."""
    yield "## Which input gives which error"
    yield (
        "tests/system/test_bad_input.py tests every line with real daemons and files. In each case the source is "
        "unchanged, nothing is submitted by mistake, and the other clips continue."
    )
    rows = [
        (bad.what, f"`{bad.code}`" if bad.code else "none", bad.says or "none: the clip is remixed", bad.after)
        for bad in BAD_INPUTS
    ]
    yield table(("input", "code", "message", "what happens next"), rows)
    yield "A model input that is out of range or has the wrong type gives `param_invalid`; params.md lists the ranges."


def osc() -> str:
    """Describe the OSC addresses."""
    received = [
        (
            f"`{command.address}`",
            _arguments(command.arguments, received=True),
            command.help + _notes(command),
        )
        for command in COMMANDS
    ]
    sent = [
        (
            f"`{message.address}`",
            _arguments(message.arguments, received=False),
            message.help,
            "the sender" if message.to_sender else "subscribers",
        )
        for message in MESSAGES
    ]
    return page(
        "OSC",
        "bridge/control/table.py",
        "UDP, and TCP with a length prefix (OSC 1.0), on 127.0.0.1 port 9123 (`[osc]` in config.md). Numbers may have "
        "the type `i`, `f`, `d`, `h`, `T` or `F`. Arguments in brackets are optional. Replies go to the address and "
        "port of the sender.",
        "## Messages to the bridge",
        table(("address", "arguments", "what happens"), received),
        "## Messages from the bridge",
        table(("address", "arguments", "meaning", "goes to"), sent),
        "## On an unreliable network",
        "Datagrams can be lost, duplicated and reordered. The bridge therefore sends states, not events: with every "
        "heartbeat over UDP it repeats the current values, and for a minute after a job's end also the job's final "
        "state. So a surface is correct again after any loss, and a fader shows the bridge's value soon after you stop "
        "moving it. A script should act when a value changes, not when a message arrives. Alerts, replies and result "
        "paths are sent once.",
        "The bridge acts once on a message, however often it arrives. It recognises a duplicate:",
        "- by its name: any message may end with one more text, `press:` and a name of your choice. The bridge replies "
        "with `/bridge/ack` at once, and repeats the ack and the reply for every duplicate within ten minutes. A "
        "script can send the message every 100 ms until it gets the ack, and nothing is done or billed twice;\n"
        "- by the time tag of its bundle. A value with an older time tag than the last one from the same sender and "
        "address is ignored;\n"
        "- otherwise, over UDP, as the same message from the same port within 100 ms, or within a second if it may "
        "cost money. Intended presses are further apart. Over TCP there are no duplicates, and every message counts.",
        "If `/bridge/remix` or `/bridge/clip` requests the same remix again within two seconds, without a seed, the "
        "bridge answers with the first job, because a held key repeats a message (see "
        "[messages](contracts/messages.md)). `/bridge/rerun` always makes another remix.",
        "A bundle whose time tag is within the next minute waits until then; other bundles are handled at once.",
        "## OSCQuery",
        "OSCQuery clients discover all addresses at `http://127.0.0.1:9124/` (`[http]` in config.md; `http_port` in "
        "daemon.json): the tree with types, ranges, descriptions and current values. `?HOST_INFO` gives the OSC port, "
        "and `?VALUE` and the other attributes work on every address. Over a websocket on the same port, `LISTEN` and "
        "`IGNORE` start and stop updates of a value. OSCQuery is read-only, and for programs: requests from websites "
        "are refused, whatever host name they use.",
    )


def _arguments(arguments: tuple[Argument, ...], *, received: bool) -> str:
    return "; ".join(_argument(argument, optional=received and not argument.required) for argument in arguments)


def _argument(argument: Argument, *, optional: bool) -> str:
    extent = ""
    if argument.choices:
        extent = f" ({' or '.join(argument.choices)})"
    elif argument.low is not None and argument.high is not None:
        extent = f" ({argument.low:g} to {argument.high:g})"
    name = f"[`{argument.name}`]" if optional else f"`{argument.name}`"
    return f"{name} {argument.kind}{extent}: {argument.help}"


def _notes(command: Command) -> str:
    notes = []
    if command.needs_daw:
        notes.append("needs a connected DAW")
    if command.spends:
        notes.append("may cost money")
    if command.local:
        notes.append("refused from other machines")
    if command.sides:
        notes.append(f"{' or '.join(command.sides)} can also be the last part of the address")
    if command.button:
        notes.append("a button's release (0 or F) is ignored")
    text = "; ".join(notes)
    return f" *{text[:1].upper()}{text[1:]}.*" if notes else ""


def cli() -> str:
    """Describe the commands of the command line."""
    parser = build_parser()
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    parts = []
    for name, command in commands.choices.items():
        rows = [
            _option(action) for action in command._actions if action.help != argparse.SUPPRESS and action.dest != "help"
        ]
        summary, _, details = (command.description or "").strip().partition("\n\n")
        if "  " in details:  # columns
            details = f"```text\n{details}\n```"
        parts += [f"## ace-bridge {name}", f"{summary[:1].upper()}{summary[1:]}.", details]
        parts += [table(("option", "meaning"), rows) if rows else ""]
    return page(
        "Command line",
        "bridge/cli/parser.py",
        "Exit status: 0 success, 1 an error (explained on stderr), 2 an invalid option, 3 the daemon is not running "
        "(`status` only), 130 Ctrl-C.",
        "The output may have any encoding. Characters that it cannot show are replaced: `→` by `->`, `·` by `-`, "
        "others by `?`. On Linux and macOS, `remix` still prints the exact bytes of each result's path. "
        "`--json` prints ASCII only, and names every file exactly.",
        *parts,
    )


def _option(action: Any) -> tuple[str, str]:
    value = (
        "" if action.nargs == 0 else action.metavar or ("{" + ",".join(action.choices) + "}" if action.choices else "")
    )
    names = ", ".join(action.option_strings) or (value or action.dest)
    shown = f"{names} {value}".strip() if action.option_strings else names
    return f"`{shown}`", str(action.help or "")
