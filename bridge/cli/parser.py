"""The parser: every word of the command line with its options and its help.

`main` parses with it and runs the function that the word names; docs/cli.md is generated from it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from bridge import __version__
from bridge.cli.options import Help, Number, OneOf, Parser

ABOUT = """\
Select a clip, press one key, and a remix of it stands on a new track.

The bridge runs in the background and talks to the DAW's scripts, to OSC and MIDI controllers and to this command.
Without a key for fal it remixes offline, by signal processing on this machine (that is not ACE-Step).
"""

EXAMPLES = """\
examples:
  ace-bridge remix loop.wav --preset lofi-chill          remix a file, print where the result lies
  ace-bridge remix take.wav --tags "dub, deep bass, tape echo" --variations 3
  ace-bridge presets                                     what there is to choose from
  ace-bridge jobs                                        what was made, newest first
  ace-bridge send /bridge/preset/next                    what a controller would send

The DAWs' scripts, every OSC address and every setting are described in docs/.
"""

JOB_STATES = ("open", "ready", "done", "failed", "cancelled", "unknown", "partial")
DAWS = ("ardour", "live", "reaper")
MIDI = ("learn", "unlearn", "list", "devices", "monitor", "use")
ENCODERS = ("twos", "offset", "sign")
GROUPS = {
    "remix": ("remix", "retry", "rerun", "cancel", "nudge"),
    "look and listen": ("jobs", "show", "audition", "presets", "demo", "bench"),
    "set up": ("doctor", "config", "midi", "install", "uninstall"),
    "the daemon": ("start", "stop", "status", "run", "send"),
}
SEED = Number(0, 2**32 - 1, whole=True)
VARIATIONS = Number(1, 16, whole=True)


def build_parser() -> Parser:
    """Return the parser of all words."""
    parser = Parser(
        prog="ace-bridge",
        usage="ace-bridge [--home PATH] COMMAND …",
        description=ABOUT,
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"ace-bridge {__version__}")
    parser.add_argument("--home", metavar="PATH", help="the bridge's folder (default: ACE_BRIDGE_HOME or the usual)")
    # The list of commands stands in groups below, which argparse cannot do.
    words = parser.add_subparsers(dest="command", metavar="COMMAND", prog="ace-bridge", help=argparse.SUPPRESS)
    for add in (_daemon_words, _remix_words, _job_words, _install_words, _other_words):
        add(words)
    parser.epilog = "\n".join([*_overview(words.choices), EXAMPLES])
    return parser


def _overview(words: Mapping[str, argparse.ArgumentParser]) -> Iterator[str]:
    """List the commands in groups."""
    for title, names in GROUPS.items():
        yield f"{title}:"
        for name in names:
            yield f"  {name:<10} {(words[name].description or '').partition(chr(10))[0]}"
        yield ""


def _word(words: Any, name: str, does: str, text: str, more: str = "") -> Parser:
    word: Parser = words.add_parser(name, help=text, description=f"{text}\n\n{more}", formatter_class=Help)
    word.set_defaults(does=does, parser=word)
    return word


def _number(word: Any, name: str, number: Number, text: str, metavar: str, default: float | None = None) -> None:
    """Add an option that takes a number, its range said in the help."""
    usual = "" if default is None else f"; default {default:g}"
    word.add_argument(name, type=number, default=default, metavar=metavar, help=f"{text}: {number.words}{usual}")


def _json(word: Parser) -> None:
    word.add_argument("--json", action="store_true", help="one JSON object per line, for scripts")


def _listen(word: Parser) -> None:
    word.add_argument(
        "--listen",
        nargs="?",
        const="0.0.0.0",  # noqa: S104 - what the word means
        metavar="ADDRESS",
        help="let tablets and consoles in the local network control the bridge, this time; "
        "ordering remixes from there needs [osc] secret",
    )


def _daemon_words(words: Any) -> None:
    word = _word(words, "run", "daemon:run", "run the daemon in this terminal")
    word.add_argument("--quiet", action="store_true", help="say nothing on the terminal; logs/bridge.log has it all")
    _listen(word)
    word = _word(words, "start", "daemon:start", "start the daemon in the background")
    _listen(word)
    _json(word)
    word = _word(
        words,
        "stop",
        "daemon:stop",
        "stop the daemon",
        "Remixes that are being made are not lost: the next start goes on with them.",
    )
    _json(word)
    word = _word(words, "status", "daemon:status", "show whether the daemon runs and what it is doing")
    _json(word)
    word = _word(
        words,
        "send",
        "send:send",
        "send one OSC message to the daemon and print what it answers",
        "Arguments that look like numbers are sent as numbers; s:1 sends the text “1”. For /bridge/clip, `token` is\n"
        "replaced by the daemon's own, a path may be relative, and what happens is told until the result is there.",
    )
    word.add_argument("address", metavar="ADDRESS", help="for example /bridge/preset/next; docs/osc.md has them all")
    word.add_argument("arguments", metavar="ARG", nargs="*")
    word.add_argument("--port", type=int, metavar="N", help="of a DAW's script, instead of the daemon's")
    _number(word, "--wait", Number(0, 86400, "s"), "how long to listen for an answer", "S", 0.3)
    _json(word)


def _remix_words(words: Any) -> None:
    word = _word(
        words,
        "remix",
        "remix:remix",
        "remix audio files and print where the results lie",
        "The result has exactly the length of the file or span and its loudness; the source is never changed.",
    )
    word.add_argument("files", metavar="FILE", nargs="+", help="audio files, or folders with audio files")
    span = word.add_argument_group("which part")
    _number(span, "--offset", Number(0, unit="s"), "start in the file", "S", 0.0)
    _number(span, "--length", Number(0.1, unit="s"), "how much of it (default: to its end)", "S")
    span.add_argument("--loop", action="store_true", help="it is a loop: the result's end meets its beginning")
    wanted = word.add_argument_group("what it shall become")
    wanted.add_argument("--preset", metavar="NAME", help="`ace-bridge presets` lists them")
    wanted.add_argument("--tags", metavar="TEXT", help='for example "lo-fi, dusty drums, warm Rhodes"')
    wanted.add_argument("--original-tags", metavar="TEXT", help="what the clip is now; it helps the model")
    wanted.add_argument("--lyrics", metavar="TEXT", help="what is to be sung; without it nobody sings")
    _number(wanted, "--amount", Number(0, 1), "how far from the source", "0-1")
    _number(wanted, "--seed", SEED, "the same seed makes the same remix again", "N")
    _number(wanted, "--variations", VARIATIONS, "how many of each file", "N", 1)
    _number(wanted, "--tempo", Number(1, 1000, "BPM"), "of the clip; helps to stay on the beat", "BPM")
    wanted.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any input of the model")
    made = word.add_argument_group("how it is made")
    made.add_argument("--engine", metavar="NAME", help="fal, offline or auto")
    made.add_argument("--out", metavar="DIR", help="folder for the results (default: the bridge's results folder)")
    _number(
        made,
        "--rate",
        Number(8000, 768_000, "Hz", whole=True),
        "sample rate of the results (default: the model's)",
        "HZ",
    )
    made.add_argument("--yes", action="store_true", help="do not ask, whatever it costs")
    made.add_argument("--no-wait", action="store_true", help="return at once; `ace-bridge jobs` tells how it went")
    _json(word)
    word = _word(words, "retry", "remix:retry", "go on with what failed, from the stage where it stopped")
    word.add_argument("job", nargs="?", help="id of a job or variation, or its beginning (default: the newest job)")
    word.add_argument("--again", action="store_true", help="order again although it may cost twice")
    word.add_argument("--no-wait", action="store_true", help="return at once; `ace-bridge jobs` tells how it went")
    _json(word)
    word = _word(words, "rerun", "remix:rerun", "make a new remix from an old one's recipe; that costs again")
    word.add_argument("job", nargs="?", help="id of a job, or its beginning (default: the newest)")
    _number(word, "--seed", SEED, "another seed (default: the same, for the same result)", "N")
    word.add_argument("--tags", metavar="TEXT", help="other tags")
    _number(word, "--variations", VARIATIONS, "another number of variations", "N")
    word.add_argument("--yes", action="store_true", help="do not ask, whatever it costs")
    _json(word)


def _job_words(words: Any) -> None:
    word = _word(words, "jobs", "jobs:jobs", "list what was made, newest first")
    word.add_argument(
        "-n", "--limit", type=Number(1, whole=True), default=20, metavar="N", help="how many: 1 and more; default 20"
    )
    word.add_argument(
        "--state",
        type=OneOf(JOB_STATES),
        metavar="WORD",
        help=f"only those with a clip that is {', '.join(JOB_STATES)}",
    )
    word.add_argument("--engine", metavar="NAME", help="only those of one engine")
    word.add_argument("--search", metavar="TEXT", help="only those with this in clip, preset or tags")
    _json(word)
    word = _word(words, "show", "jobs:show", "show everything about a job: its recipe, its variations, where they lie")
    word.add_argument("job", nargs="?", help="id of a job or variation, or its beginning (default: the newest)")
    _json(word)
    word = _word(
        words,
        "nudge",
        "nudge:nudge",
        "move a result in time by hand, without a new remix",
        "Milliseconds above 0 move it later, below 0 earlier. A file that stands in a project is never rewritten.",
    )
    word.add_argument("ms", type=Number(-2000, 2000), metavar="MS", help="by how much, for example 15 or -15")
    word.add_argument("variation", nargs="?", help="id of a variation, or its beginning (default: the newest job's)")
    _json(word)
    word = _word(
        words,
        "cancel",
        "jobs:cancel",
        "stop a job",
        "What the model has begun may still finish and be billed; then it is kept, and you are told.",
    )
    word.add_argument("job", nargs="?", help="id of a job or variation, or its beginning (default: the newest)")
    _json(word)


def _install_words(words: Any) -> None:
    for name, text in (("install", "put the bridge's scripts into a DAW"), ("uninstall", "take them out again")):
        word = _word(words, name, f"install:{name}", text)
        word.add_argument("daw", type=OneOf(DAWS), metavar="DAW", help="ardour, live or reaper")
        word.add_argument(
            "--folder",
            "--resource-path",
            "--user-library",
            metavar="PATH",
            help="the DAW's folder for its user's files, where it is not the usual one",
        )
        word.add_argument("--dry-run", action="store_true", help="only say what would be done")
        word.add_argument("--yes", action="store_true", help="agree to changes in the DAW's own settings files")
        if name == "install":
            word.add_argument("--force", action="store_true", help="replace files of others; backups are kept")
        _json(word)


def _other_words(words: Any) -> None:
    word = _word(words, "presets", "settings:presets", "list the presets, or show, check or begin one")
    word.add_argument(
        "action", nargs="?", default="list", metavar="ACTION", help="list (default), show, new or check; or just a name"
    )
    word.add_argument("name", nargs="?", metavar="NAME", help="for show and new")
    _json(word)
    word = _word(words, "audition", "send:audition", "play a result, or the clip that it was made from")
    word.add_argument("variation", nargs="?", help="id of a variation, or its beginning (default: the newest)")
    what = word.add_mutually_exclusive_group()
    what.add_argument("--source", action="store_true", help="play the clip instead")
    what.add_argument("--switch", action="store_true", help="go over to the other side, at the same place")
    what.add_argument("--loop", type=OneOf(("on", "off")), metavar="HOW", help="on: begin again at the end; off")
    what.add_argument("--stop", action="store_true", help="stop playing")
    what.add_argument("--devices", action="store_true", help="list the audio outputs that `[audition] device` may name")
    _json(word)
    word = _word(words, "config", "settings:config", "show the settings in effect, or store the key for fal")
    actions = ("show", "set-key", "forget-key", "path")
    word.add_argument(
        "action", nargs="?", type=OneOf(actions), default="show", metavar="ACTION", help=", ".join(actions)
    )
    _json(word)
    word = _word(
        words,
        "midi",
        "midi:midi",
        "put commands on MIDI pads, faders and knobs",
        "learn COMMAND [WHAT]   the first control that is moved does it from now on: remix, preset.next,\n"
        "                       preset.select NAME, amount, guidance_scale, amount 0.5 …\n"
        "unlearn COMMAND …      take it off again\n"
        "use TEMPLATE           a ready mapping for a common controller\n"
        "list, devices, monitor what controls do, what is plugged in, what it sends",
    )
    word.add_argument("action", type=OneOf(MIDI), metavar="ACTION", help=", ".join(MIDI))
    word.add_argument("words", nargs="*", metavar="WORD", help="for learn, unlearn and use")
    word.add_argument("--light", action="store_true", help="the control has a light or a ring: show the state there")
    word.add_argument("--replace", action="store_true", help="take the control even if it does something else now")
    word.add_argument(
        "--encoder", type=OneOf(ENCODERS), metavar="HOW", help=f"how an endless knob counts: {', '.join(ENCODERS)}"
    )
    _number(word, "--wait", Number(1, 3600, "s"), "how long to listen", "S", 60.0)
    _json(word)
    word = _word(
        words,
        "doctor",
        "doctor:doctor",
        "look at the whole chain and say what to do about what is wrong",
        "Nothing is changed and nothing is ordered; exit status 1 when something will not work.",
    )
    word.add_argument("--online", action="store_true", help="ask fal too, whether it takes the key")
    word.add_argument("--bundle", metavar="FILE", help="write a zip for a cry for help: no key, prompt or audio in it")
    word.add_argument(
        "--include",
        action="append",
        default=[],
        type=OneOf(("prompts", "audio")),
        metavar="WHAT",
        help="put prompts or audio into the bundle after all",
    )
    _json(word)
    word = _word(
        words, "demo", "demo:demo", "show the whole way once: a clip that is made here, its remix, a picture of both"
    )
    word.add_argument("--preset", metavar="NAME", help="another style than the demo's")
    word.add_argument("--engine", default="offline", metavar="NAME", help="fal or offline (default: offline)")
    word = _word(
        words,
        "bench",
        "bench:bench",
        "measure how long a remix takes on this machine, stage by stage",
        "In a home of its own, with a clip that is made here and the offline engine; nothing is sent anywhere.",
    )
    word.add_argument("--rounds", type=Number(1, 1000, whole=True), default=5, metavar="N", help="how many; default 5")
    _json(word)
