"""The command line: words, options, help. What a word does is in `bridge.verbs`, imported when it is used.

Nothing heavy is imported here: `ace-bridge send` may hang on a foot switch.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from bridge import __version__
from bridge.errors import BridgeError

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

Words = argparse.ArgumentParser
JOB_STATES = ("open", "ready", "done", "failed", "cancelled", "unknown", "partial")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 done, 1 an error was explained, 2 a wrong option, 130 Ctrl-C."""
    options = build_parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper) and os.name == "posix":
        sys.stdout.reconfigure(errors="surrogateescape")  # a path is printed as the bytes that it is
    if options.home:
        os.environ["ACE_BRIDGE_HOME"] = options.home
    module, function = options.does.split(":")
    try:
        return int(getattr(import_module(f"bridge.verbs.{module}"), function)(options))
    except BridgeError as error:
        complain(error, as_json=getattr(options, "json", False))
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `ace-bridge jobs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def complain(error: BridgeError, *, as_json: bool) -> None:
    """Say what happened and what to do next."""
    if as_json:
        import json

        print(json.dumps({"event": "error", **error.to_wire()}), flush=True)
    else:
        print(f"ace-bridge: {error.text}\n  {error.hint}\n  [{error.code}]", file=sys.stderr)


def build_parser() -> Words:
    """Return the parser of all words."""
    parser = Words(
        prog="ace-bridge",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ace-bridge {__version__}")
    parser.add_argument("--home", metavar="PATH", help="the bridge's folder (default: ACE_BRIDGE_HOME or the usual)")
    words = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_daemon_words, _remix_words, _job_words, _install_words, _other_words):
        add(words)
    return parser


def _word(words: Any, name: str, does: str, text: str, more: str = "") -> Words:
    word: Words = words.add_parser(
        name, help=text, description=f"{text}\n\n{more}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    word.set_defaults(does=does)
    return word


def _json(word: Words) -> None:
    word.add_argument("--json", action="store_true", help="one JSON object per line, for scripts")


def _daemon_words(words: Any) -> None:
    word = _word(words, "run", "daemon:run", "run the daemon in this terminal")
    word.add_argument("--quiet", action="store_true", help="say nothing on the terminal; logs/bridge.log has it all")
    word = _word(words, "start", "daemon:start", "start the daemon in the background")
    _json(word)
    word = _word(
        words,
        "stop",
        "daemon:stop",
        "stop the daemon",
        "Remixes that were ordered are not lost: the next start goes on.",
    )
    _json(word)
    word = _word(words, "status", "daemon:status", "show whether the daemon runs and what it is doing")
    _json(word)
    word = _word(
        words,
        "send",
        "send:send",
        "send one OSC message to the daemon and print what it answers",
        "Arguments that look like numbers are sent as numbers; s:1 sends the text “1”.",
    )
    word.add_argument("address", metavar="ADDRESS", help="for example /bridge/preset/next; docs/osc.md has them all")
    word.add_argument("arguments", metavar="ARG", nargs="*")
    word.add_argument("--port", type=int, metavar="N", help="of a DAW's script on this machine, instead of the daemon's")
    word.add_argument("--wait", type=number, default=0.3, metavar="S", help="how long to listen for an answer, in s")
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
    span.add_argument("--offset", type=number, default=0.0, metavar="S", help="start in the file, in s (default 0)")
    span.add_argument("--length", type=number, metavar="S", help="how much of it, in s (default: to its end)")
    wanted = word.add_argument_group("what it shall become")
    wanted.add_argument("--preset", metavar="NAME", help="`ace-bridge presets` lists them")
    wanted.add_argument("--tags", metavar="TEXT", help='for example "lo-fi, dusty drums, warm Rhodes"')
    wanted.add_argument("--original-tags", metavar="TEXT", help="what the clip is now; it helps the model")
    wanted.add_argument("--lyrics", metavar="TEXT", help="what is to be sung; without it nobody sings")
    wanted.add_argument("--amount", type=number, metavar="0-1", help="how far from the source")
    wanted.add_argument("--seed", type=int, metavar="N", help="the same seed makes the same remix again")
    wanted.add_argument("--variations", type=int, default=1, metavar="N", help="how many of each file (default 1)")
    wanted.add_argument("--tempo", type=number, metavar="BPM", help="of the clip; helps to stay on the beat")
    wanted.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any input of the model")
    made = word.add_argument_group("how it is made")
    made.add_argument("--engine", metavar="NAME", help="fal, offline or auto")
    made.add_argument("--out", metavar="DIR", help="folder for the results (default: the bridge's results folder)")
    made.add_argument("--rate", type=int, metavar="HZ", help="sample rate of the results (default: the model's)")
    made.add_argument("--yes", action="store_true", help="do not ask, whatever it costs")
    made.add_argument("--no-wait", action="store_true", help="return at once; `ace-bridge jobs` tells how it went")
    _json(word)
    word = _word(words, "retry", "remix:retry", "go on with what failed, from the stage where it stopped")
    word.add_argument("job", nargs="?", help="id of a job or variation, or its beginning (default: the newest job)")
    word.add_argument("--again", action="store_true", help="order again although it may cost twice")
    _json(word)
    word = _word(words, "rerun", "remix:rerun", "make a new remix from an old one's recipe; that costs again")
    word.add_argument("job", nargs="?", help="id of a job, or its beginning (default: the newest)")
    word.add_argument("--seed", type=int, metavar="N", help="another seed (default: the same, for the same result)")
    word.add_argument("--tags", metavar="TEXT", help="other tags")
    word.add_argument("--variations", type=int, metavar="N", help="another number of variations")
    _json(word)


def _job_words(words: Any) -> None:
    word = _word(words, "jobs", "jobs:jobs", "list what was made, newest first")
    word.add_argument("-n", "--limit", type=positive, default=20, metavar="N", help="how many (default 20)")
    word.add_argument("--state", choices=JOB_STATES, metavar="WORD", help=f"only those: {', '.join(JOB_STATES)}")
    word.add_argument("--engine", metavar="NAME", help="only those of one engine")
    word.add_argument("--search", metavar="TEXT", help="only those with this in clip, preset or tags")
    _json(word)
    word = _word(words, "show", "jobs:show", "show everything about a job: its recipe, its variations, where they lie")
    word.add_argument("job", nargs="?", help="id of a job or variation, or its beginning (default: the newest)")
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
        word.add_argument("daw", choices=("ardour", "live", "reaper"), metavar="DAW", help="ardour, live or reaper")
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
    word.add_argument("action", nargs="?", choices=("list", "show", "new", "check"), default="list")
    word.add_argument("name", nargs="?", help="for show and new")
    _json(word)
    word = _word(words, "audition", "send:audition", "play a result, or the clip that it was made from")
    word.add_argument("variation", nargs="?", help="id of a variation, or its beginning (default: the newest)")
    word.add_argument("--source", action="store_true", help="play the clip instead")
    word.add_argument("--stop", action="store_true", help="stop playing")
    _json(word)
    word = _word(words, "config", "settings:config", "show the settings in effect, or store the key for fal")
    word.add_argument("action", nargs="?", choices=("show", "set-key", "forget-key", "path"), default="show")
    _json(word)
    word = _word(
        words, "demo", "demo:demo", "show the whole way once: a clip that is made here, its remix, a picture of both"
    )
    word.add_argument("--preset", metavar="NAME", help="another style than the demo's")
    word.add_argument("--engine", default="offline", metavar="NAME", help="fal or offline (default: offline)")


def number(text: str) -> float:
    """Read a number; "nan" and "inf" are none for a musician."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is no number")
    return value


def positive(text: str) -> int:
    """Read a whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def home() -> Any:
    """Return the bridge's home of this run."""
    from bridge.home import home_folder

    return home_folder(os.environ, sys.platform)


Verb = Callable[[argparse.Namespace], int]
