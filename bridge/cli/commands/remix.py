"""remix, retry, rerun: request remixes, show the progress and print the paths of the results."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.cli import confirm, history
from bridge.cli.console import Console
from bridge.cli.progress_text import Heading
from bridge.client import Client
from bridge.config.home import home, is_fresh
from bridge.errors import ParamInvalid, SourceMissing

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("wav", "wave", "bwf", "rf64", "w64", "aif", "aiff", "aifc", "caf", "flac"),
        *("mp3", "ogg", "oga", "opus", "m4a", "mp4", "aac", "alac", "wv", "wma", "tta", "au"),
    )
)


def remix(options: argparse.Namespace) -> int:
    """Remix files; return 0 only if every result exists."""
    files = find_files([Path(name) for name in options.files])
    options.out = confirm.folder_for(options.out)
    args = request(options, files)
    folder, console = home(), Console(options.json)
    client = Client(folder)
    if is_fresh(folder):
        console.say("note: nothing is set up yet; `ace-bridge setup` connects your DAWs and a fal key.")
    about = client.start()
    if options.rate is None:
        args["project"]["sample_rate"] = confirm.rate_of(files)
    if confirm.costs(options, folder, about, console):
        seconds = confirm.seconds_of(files, options.offset, options.length, console)
        confirm.confirm(options, len(files), seconds, folder, console)
        args["confirmed"] = True
    message_id = client.send("remix", args)
    if options.no_wait:
        return _accepted(client, message_id, console, as_json=options.json)
    return follow(client, client.follow(message_id), options)


def retry(options: argparse.Namespace) -> int:
    """Resume a failed job."""
    job, _ = history.one(home(), options.job)
    client, console = Client(home()), Console(options.json)
    client.start()
    client.answer(client.send("retry", {"job_id": options.job or job.id, "again": options.again}))
    console.say(f"resuming {history.title(job)}")
    if options.no_wait:
        client.bye()
        if options.json:
            print(json.dumps({"event": "accepted", "job_id": job.id}))
        else:
            print(job.id)
        return 0
    return follow(client, client.follow_again(job.id, job.instance, lambda: _ended(job.id)), options)


def rerun(options: argparse.Namespace) -> int:
    """Request a new remix with the recipe of an earlier job."""
    job, _ = history.one(home(), options.job)
    console = Console(options.json)
    if job.price:
        options.variations = options.variations or job.each
        confirm.confirm(options, len(job.seconds), sum(job.seconds), home(), console)
    client = Client(home())
    client.start()
    console.say(f"remixing {history.title(job)} again")
    wanted = {"seed": options.seed, "tags": options.tags, "variations": options.variations}
    change = {name: value for name, value in wanted.items() if value is not None}
    message_id = client.send("rerun", {"job_id": options.job or job.id, "remix": change, "confirmed": bool(job.price)})
    return follow(client, client.follow(message_id), options)


def request(options: argparse.Namespace, files: list[Path]) -> dict[str, Any]:
    """Return the arguments of the `remix` message for these files."""
    wanted = {
        "preset": options.preset,
        "tags": options.tags,
        "original_tags": options.original_tags,
        "lyrics": options.lyrics,
        "amount": options.amount,
        "seed": options.seed,
        "engine": options.engine,
        "variations": options.variations,
        "send_silent": options.send_silent,
        **dict(_setting(text) for text in options.set),
    }
    clips = [
        {
            "id": f"file-{number}",
            "name": os.fsencode(path.stem).decode(errors="replace"),  # only for display
            "length": options.length,
            "source": {"path": os.fspath(path), "offset": options.offset},
            "loops": options.loop,
        }
        for number, path in enumerate(files, 1)
    ]
    return {
        "daw": {"name": "folder"},
        "project": {"media_path": options.out, "sample_rate": options.rate, "tempo": options.tempo},
        "clips": clips,
        "remix": {name: value for name, value in wanted.items() if value is not None},
    }


def follow(client: Client, jobs: Iterator[dict[str, Any]], options: argparse.Namespace) -> int:
    """Show the progress until the job ends or waits for the user, then print the outcome and the results' paths."""
    console = Console(options.json)
    job: dict[str, Any] = {}
    try:
        with console.progress(lambda job_id: heading(client.home, job_id)) as show:
            for job in jobs:
                show(job)
                if _waits_for_user(job):
                    break
    except KeyboardInterrupt:
        console.say("the job continues in the background: `ace-bridge jobs` shows it, `ace-bridge cancel` stops it")
        return 130
    finally:
        client.bye()
    return console.finish(job, history.unbilled(client.home, job["job_id"]))


def heading(folder: Path, job_id: str) -> Heading:
    """Return a job's heading and the names of its clips."""
    job, _ = history.one(folder, job_id)
    return Heading(history.clip_names(job), history.style(job), *history.offline_style(job))


def _ended(job_id: str) -> dict[str, Any] | None:
    """Return the job with this ID if it has ended, else None."""
    found = history.one(home(), job_id)
    return None if history.is_open(found) else history.document(found)


def find_files(paths: list[Path]) -> list[Path]:
    """Return the absolute paths of the given files, and of the audio files in the given folders.

    Raises:
        SourceMissing: a path does not exist, or a folder contains no audio file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if _is_source(one))
            if not inside:
                raise SourceMissing(
                    f"There is no audio file in the folder {path}.", hint="Give a file or another folder."
                )
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise SourceMissing(f"There is no file {path}.", hint="Check the name and the current folder.")
    return [path.absolute() for path in found]


def _is_source(path: Path) -> bool:
    """Return whether a file is source audio, not an earlier result or a hidden file such as macOS metadata."""
    if path.name.startswith(".") or path.with_suffix(".recipe.json").exists():
        return False
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _accepted(client: Client, message_id: str, console: Console, *, as_json: bool) -> int:
    """Print the ID of the accepted job."""
    job = next(client.follow(message_id))
    client.bye()
    if as_json:
        print(json.dumps({"event": "accepted", "job_id": job["job_id"], "message_id": message_id}))
        return 0
    console.say(f"started; `ace-bridge show {job['job_id'][:8]}` shows progress")
    print(job["job_id"])
    return 0


def _waits_for_user(job: dict[str, Any]) -> bool:
    """Return whether the job cannot continue until the user acts."""
    open_ones = [one for one in job["variations"] if one["state"] not in ("done", "failed", "cancelled", "unknown")]
    return bool(open_ones) and all(one["reason"] in ("budget", "user") for one in open_ones)


def _setting(text: str) -> tuple[str, Any]:
    from bridge.presets.parameters import from_text

    name, equals, value = text.partition("=")
    if not equals:
        raise ParamInvalid(f"--set {text} is not NAME=VALUE, for example --set number_of_steps=60.")
    name = name.strip().replace("-", "_")
    return name, from_text(name, value.strip())
