"""The parser of the command line: every command with its options and its help.

`main.py` uses this parser and then runs the function of the command. docs/cli.md is generated from the parser.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from bridge import __version__
from bridge.cli.install_parser import add_install_commands
from bridge.cli.options import (
    Help,
    Number,
    OneOf,
    Parser,
    add_command,
    add_job,
    add_json,
    add_listen,
    add_no_wait,
    add_number,
    add_variation,
    add_yes,
    either,
)
from bridge.cli.setup.arguments import add_setup

ABOUT = """\
Select a clip, press one key, and an AI remix of it appears on a new track.

The bridge runs in the background and serves DAW scripts, OSC and MIDI controllers, and this command.
Without a fal key it remixes offline, by signal processing on this machine. That is not ACE-Step.
"""

EXAMPLES = """\
examples:
  ace-bridge setup                                       start here: DAW scripts, key, checks and a first remix
  ace-bridge remix loop.wav --preset lofi-chill          remix a file and print the path of the result
  ace-bridge remix take.wav --tags "dub, deep bass, tape echo" --variations 3
  ace-bridge presets                                     list the presets
  ace-bridge jobs                                        list the jobs, newest first
  ace-bridge send /bridge/preset/next                    send what a controller would send

docs/ describes the DAW scripts, every OSC address and every setting.
"""

JOB_STATES = ("open", "ready", "done", "failed", "cancelled", "unknown", "partial")
CONFIG = ("show", "set-key", "forget-key", "path")
MIDI = ("learn", "unlearn", "use", "list", "devices", "monitor")
ENCODERS = ("twos", "offset", "sign")
GROUPS = {
    "remix": ("remix", "retry", "rerun", "cancel", "nudge"),
    "inspect and listen": ("jobs", "show", "audition", "presets", "demo", "bench"),
    "set up": ("setup", "doctor", "config", "midi", "install", "uninstall", "autostart"),
    "daemon": ("start", "stop", "status", "run", "send"),
}
SEED = Number(0, 2**32 - 1, whole=True)
VARIATIONS = Number(1, 16, whole=True)


def build_parser() -> Parser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="ace-bridge",
        usage="ace-bridge [--home PATH] COMMAND …",
        description=ABOUT,
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"ace-bridge {__version__}")
    parser.add_argument(
        "--home", metavar="PATH", help="the bridge's home (default: $ACE_BRIDGE_HOME or the platform's data folder)"
    )
    # argparse cannot list commands in groups, so the epilog lists them.
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", prog="ace-bridge", help=argparse.SUPPRESS)
    for add in (_daemon_commands, _remix_commands, _job_commands, add_setup, add_install_commands, _other_commands):
        add(commands)
    parser.epilog = "\n".join([*_overview(commands.choices), EXAMPLES])
    return parser


def _overview(commands: Mapping[str, argparse.ArgumentParser]) -> Iterator[str]:
    """Return the list of the commands in groups."""
    for title, names in GROUPS.items():
        yield f"{title}:"
        for name in names:
            yield f"  {name:<10} {(commands[name].description or '').partition(chr(10))[0]}"
        yield ""


def _daemon_commands(commands: Any) -> None:
    command = add_command(commands, "run", "daemon:run", "run the daemon in this terminal")
    command.add_argument("--quiet", action="store_true", help="print nothing; logs/bridge.log has everything")
    add_listen(command)
    command = add_command(commands, "start", "daemon:start", "start the daemon in the background")
    add_listen(command)
    add_json(command)
    command = add_command(
        commands, "stop", "daemon:stop", "stop the daemon", "Unfinished remixes continue at the next start."
    )
    add_json(command)
    command = add_command(
        commands,
        "status",
        "daemon:status",
        "show whether the daemon is running and what it is doing",
        "The exit status is 3 if the daemon is not running.",
    )
    add_json(command)
    command = add_command(
        commands,
        "send",
        "send:send",
        "send one OSC message to the daemon and print the replies",
        "Arguments that look like numbers are sent as numbers; s:1 sends the text “1”.\n"
        "For /bridge/clip, write `token` and a path: the command fills in the daemon's token, makes the path\n"
        "absolute, and prints all replies up to the path of the result.",
    )
    command.add_argument(
        "address", metavar="ADDRESS", help="OSC address, for example /bridge/preset/next; docs/osc.md lists them all"
    )
    command.add_argument("arguments", metavar="ARG", nargs="*", help="arguments of the message")
    command.add_argument("--port", type=int, metavar="N", help="send to port N of a DAW script instead of the daemon")
    add_number(command, "--wait", Number(0, 86400, "s"), "listen for replies this long", "S", 0.3)
    add_json(command)


def _remix_commands(commands: Any) -> None:
    _remix(commands)
    command = add_command(commands, "retry", "remix:retry", "resume a failed, cancelled or waiting job")
    add_job(command)
    command.add_argument("--again", action="store_true", help="submit again even if the remix may be billed twice")
    add_no_wait(command)
    add_json(command)
    command = add_command(commands, "rerun", "remix:rerun", "submit a new job from a job's recipe (fal bills it again)")
    add_job(command, what="a job")
    add_number(command, "--seed", SEED, "random seed", "N", usual="the job's, for the same result")
    command.add_argument("--tags", metavar="TEXT", help="style in words (default: the job's)")
    add_number(command, "--variations", VARIATIONS, "number of results per clip", "N", usual="the job's")
    add_yes(command)
    add_json(command)


def _remix(commands: Any) -> None:
    command = add_command(
        commands,
        "remix",
        "remix:remix",
        "remix audio files and print the paths of the results",
        "A result has the exact length of its file or span, and the same loudness. Source files are never changed.",
    )
    command.add_argument("files", metavar="FILE", nargs="+", help="audio files, or folders of audio files")
    span = command.add_argument_group("span")
    add_number(span, "--offset", Number(0, unit="s"), "start this far into the file", "S", 0.0)
    add_number(span, "--length", Number(0.1, unit="s"), "remix this much of the file", "S", usual="to its end")
    span.add_argument("--loop", action="store_true", help="the clip is a loop: join the result's end to its start")
    span.add_argument("--send-silent", action="store_true", default=None, help="remix the file even if it is silent")
    style = command.add_argument_group("style")
    style.add_argument("--preset", metavar="NAME", help="style by name; `ace-bridge presets` lists the presets")
    style.add_argument("--tags", metavar="TEXT", help='style in words, for example "lo-fi, dusty drums, warm Rhodes"')
    style.add_argument("--original-tags", metavar="TEXT", help="style of the source in words; this helps the model")
    style.add_argument("--lyrics", metavar="TEXT", help="lyrics to sing (default: none, an instrumental)")
    add_number(style, "--amount", Number(0, 1), "how far the result departs from the source", "0-1")
    add_number(style, "--seed", SEED, "random seed; the same seed gives the same result", "N")
    add_number(style, "--variations", VARIATIONS, "number of results per file", "N", 1)
    add_number(style, "--tempo", Number(1, 1000, "BPM"), "tempo of the clip; this keeps the result on the beat", "BPM")
    style.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set any parameter of the model; may be repeated; docs/params.md lists them",
    )
    output = command.add_argument_group("engine and output")
    output.add_argument("--engine", metavar="NAME", help="fal, offline or auto")
    output.add_argument("--out", metavar="DIR", help="save results in DIR (default: the bridge's results folder)")
    rate = Number(8000, 768_000, "Hz", whole=True)
    add_number(output, "--rate", rate, "sample rate of the results", "HZ", usual="that of the files")
    add_yes(output)
    add_no_wait(output)
    add_json(command)


def _job_commands(commands: Any) -> None:
    command = add_command(commands, "jobs", "jobs:jobs", "list jobs, newest first")
    limit = Number(1, whole=True)
    command.add_argument(
        "-n", "--limit", type=limit, default=20, metavar="N", help=f"list N jobs: {limit.words} (default: 20)"
    )
    command.add_argument(
        "--state",
        type=OneOf(JOB_STATES),
        metavar="STATE",
        help=f"only jobs in this state, or with a variation in it: {either(JOB_STATES)}",
    )
    command.add_argument("--engine", metavar="NAME", help="only jobs of this engine")
    command.add_argument(
        "--search", metavar="TEXT", help="only jobs with TEXT in a clip's name, the preset or the tags"
    )
    add_json(command)
    command = add_command(
        commands,
        "show",
        "jobs:show",
        "show a job's recipe, variations, costs and files",
        "The output includes the tags, lyrics and seed that the model reports.",
    )
    add_job(command)
    add_json(command)
    command = add_command(
        commands,
        "nudge",
        "nudge:nudge",
        "shift a result in time, without a new remix",
        "Files that are already in a project are never rewritten.",
    )
    shift = Number(-2000, 2000, "ms")
    command.add_argument(
        "ms", type=shift, metavar="MS", help=f"15 shifts the result 15 ms later, -15 earlier: {shift.words}"
    )
    add_variation(command, "the newest job's, if it has only one")
    add_json(command)
    command = add_command(
        commands,
        "cancel",
        "jobs:cancel",
        "cancel a job or a variation",
        "The model may still finish and bill a remix that it has started. Its result is then kept and reported.",
    )
    add_job(command, "the newest unfinished job")
    add_json(command)


def _other_commands(commands: Any) -> None:
    command = add_command(commands, "presets", "settings:presets", "list, show, check or create presets")
    command.add_argument(
        "action",
        nargs="?",
        default="list",
        metavar="ACTION",
        help="list (default), show, new or check; or a preset's name alone to show it",
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="the preset to show or create")
    add_json(command)
    _audition(commands)
    command = add_command(
        commands,
        "config",
        "settings:config",
        "show the settings in effect, or store the fal key",
        "show        print every setting, and where it was set if it is not the default\n"
        "set-key     ask for the fal key and store it where only you can read it\n"
        "forget-key  delete the stored key\n"
        "path        print the path of config.toml",
    )
    command.add_argument(
        "action",
        nargs="?",
        type=OneOf(CONFIG),
        default="show",
        metavar="ACTION",
        help=f"{either(CONFIG)} (default: show)",
    )
    add_json(command)
    _midi(commands)
    _doctor(commands)
    command = add_command(
        commands,
        "demo",
        "demo:demo",
        "remix a generated clip and draw both waveforms",
        "Runs in a temporary home, without a key or a network unless --engine fal is given.",
    )
    command.add_argument("--preset", metavar="NAME", help="style by name; `ace-bridge presets` lists the presets")
    command.add_argument("--engine", default="offline", metavar="NAME", help="fal or offline (default: offline)")
    command = add_command(
        commands,
        "bench",
        "bench:bench",
        "measure each stage of a remix on this machine",
        "Remixes a generated clip with the offline engine in a temporary home. Nothing leaves this machine.",
    )
    add_number(command, "--rounds", Number(1, 1000, whole=True), "number of remixes to measure", "N", 5)
    add_json(command)


def _audition(commands: Any) -> None:
    command = add_command(commands, "audition", "send:audition", "play a result, or the clip it was made from")
    add_variation(command, "the newest with a result")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--source", action="store_true", help="play the clip instead of the result")
    what.add_argument("--switch", action="store_true", help="switch between clip and result at the same position")
    what.add_argument(
        "--loop", type=OneOf(("on", "off")), metavar="on|off", help="repeat what is playing, or stop at its end"
    )
    what.add_argument("--stop", action="store_true", help="stop playing")
    what.add_argument("--devices", action="store_true", help="list the audio outputs for `[audition] device`")
    add_json(command)


def _midi(commands: Any) -> None:
    command = add_command(
        commands,
        "midi",
        "midi:midi",
        "map commands to MIDI pads, faders and knobs",
        "learn COMMAND [ARG]    map COMMAND to the next control that you move, for example remix, preset.next,\n"
        "                       preset.select roots-dub, amount, guidance_scale or amount 0.5\n"
        "unlearn COMMAND [ARG]  remove that mapping\n"
        "use TEMPLATE           use a ready-made mapping for a common controller\n"
        "list                   list the mapped controls\n"
        "devices                list the connected controllers\n"
        "monitor                print what the controls send",
    )
    command.add_argument("action", type=OneOf(MIDI), metavar="ACTION", help=either(MIDI))
    command.add_argument("words", nargs="*", metavar="ARG", help="command and argument, or template, as above")
    command.add_argument("--light", action="store_true", help="show the state on the control's light or LED ring")
    command.add_argument("--replace", action="store_true", help="map the control even if it already has a mapping")
    command.add_argument(
        "--encoder",
        type=OneOf(ENCODERS),
        metavar="MODE",
        help="encoder mode: twos (two's complement), offset (binary offset) or sign (sign-magnitude)",
    )
    add_number(command, "--wait", Number(1, 3600, "s"), "listen this long", "S", 60.0)
    add_json(command)


def _doctor(commands: Any) -> None:
    command = add_command(
        commands,
        "doctor",
        "doctor:doctor",
        "check the whole setup and suggest fixes",
        "Nothing is changed or submitted. The exit status is 1 if something does not work.",
    )
    command.add_argument("--online", action="store_true", help="also ask fal whether it accepts the key (free)")
    command.add_argument(
        "--bundle", metavar="FILE", help="write a support bundle (zip) without keys, prompts, names or audio"
    )
    command.add_argument(
        "--include",
        action="append",
        default=[],
        type=OneOf(("prompts", "audio")),
        metavar="WHAT",
        help="add prompts or audio to the support bundle; may be repeated",
    )
    add_json(command)
