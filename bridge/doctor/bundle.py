"""Writes a support bundle, one zip (`ace-bridge doctor --bundle FILE`).

The zip contains findings, settings, logs, the reports of self-tests and the last jobs. It never contains secrets. It
contains prompts, names or audio only if the user asks for them.
"""

from __future__ import annotations

import json
import platform
import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.doctor.base import Context, Finding, from_journal, summary
from bridge.doctor.daws import SELF_TESTS
from bridge.protocol.job import Job, Variation
from bridge.util.atomic import explained
from bridge.util.redact import SCRUBBER

JOBS = 50  # number of jobs in the bundle, the newest ones
LOGS = ("logs/bridge.log", "logs/bridge.log.1", "logs/start.log")
LARGEST_LOG = 2_000_000  # number of bytes to include from the end of each log and report
PERSONAL = ("tags", "lyrics", "original_tags", "original_lyrics")  # parameters of a recipe that are private
AUDIO = ("source.flac", "raw.audio")
SHORTEST = 4  # minimum length, in characters, of a text to remove; shorter texts are ordinary words

Found = tuple[Job, list[Variation]]


def write(path: Path, findings: list[Finding], context: Context, extra: Collection[str] = ()) -> list[str]:
    """Write the zip and return the names of its files.

    Args:
        path: path of the new zip; an existing file is not replaced.
        findings: the doctor's findings.
        context: the setup that the doctor checked.
        extra: private data to include: "prompts", "audio".

    Raises:
        OutputUnwritable: the zip cannot be written, or a file with this path already exists.
    """
    jobs = from_journal(context.home, lambda database: database.jobs(JOBS))
    prompts = "prompts" in extra
    hidden = [] if prompts else _personal_texts(jobs, context.home)
    texts = {
        "doctor.json": {
            "version": __version__,
            "python": platform.python_version(),
            "system": platform.platform(),
            "summary": summary(findings),
            "findings": [one.plain() for one in findings],
        },
        "settings.json": context.settings.effective(),
        "jobs.json": [_entry(job, variations, prompts) for job, variations in jobs],
    }
    with explained(path), zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as bundle:
        for name, value in texts.items():
            text = json.dumps(value, indent=1, ensure_ascii=False)
            bundle.writestr(name, _clean(text, hidden, context))
        for name in (*LOGS, *SELF_TESTS.values()):
            log = context.home / name
            if log.is_file() and not log.is_symlink():
                text = log.read_bytes()[-LARGEST_LOG:].decode("utf-8", "replace")
                bundle.writestr(name, _clean(text, hidden, context))
        for file in _audio(jobs, context.home) if "audio" in extra else ():
            bundle.write(file, f"audio/{'/'.join(file.parts[-4:])}")
        names = bundle.namelist()
    path.chmod(0o600)
    return names


def _clean(text: str, hidden: Iterable[str], context: Context) -> str:
    """Replace secrets, personal texts and the parts of paths that contain the user's name."""
    text = SCRUBBER.clean(text)
    for one in hidden:
        for form in (one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1]):
            text = text.replace(form, "[personal]")
    user_home = context.environ.get("USERPROFILE" if context.platform == "win32" else "HOME", "")
    for path, mark in ((str(context.home), "[home]"), (user_home, "~")):
        if len(path) > 1:
            text = text.replace(json.dumps(path)[1:-1], mark).replace(path, mark)
    return text


def _personal_texts(jobs: list[Found], home: Path) -> list[str]:
    """Return the user's prompts, names and paths in these jobs, longest first."""
    found: set[str] = set()
    for job, variations in jobs:
        found |= {str(job.recipe.get("params", {}).get(name) or "") for name in PERSONAL}
        found |= set(_strings(job.request))
        found |= {str(one.result["path"]) for one in variations if one.result and one.result.get("path")}
        found |= {Path(one.result["path"]).stem for one in variations if one.result and one.result.get("path")}
    kept = {str(home), "reaper", "ardour", "live", "folder"}
    return sorted((one for one in found - kept if len(one) >= SHORTEST), key=lambda one: (-len(one), one))


def _strings(value: Any) -> Iterable[str]:
    """Yield every string in a request that may be personal. For a path, also yield the file name and its stem."""
    if isinstance(value, str):
        yield value
        if "/" in value or "\\" in value:
            yield Path(value).name
            yield Path(value).stem
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in ("daw", "engine", "edit_mode", "mode", "channels", "where"):
                yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _entry(job: Job, variations: list[Variation], prompts: bool) -> dict[str, Any]:
    """Return the outcome of a job and, with `prompts`, also the job's recipe and request."""
    entry: dict[str, Any] = {
        "job": job.id,
        "daw": job.daw,
        "engine": job.engine,
        "created": job.created,
        "seconds": list(job.seconds),
        "estimated": job.estimated,
        "billed": job.billed,
        "warnings": [warning.get("code") for warning in job.warnings],
        "variations": [
            {
                "variation": one.id,
                "state": str(one.state),
                "reason": one.reason,
                "stage": one.stage,
                "error": (one.error or {}).get("code"),
                "handed_over": one.handed_over,
            }
            for one in variations
        ],
    }
    return {**entry, "recipe": dict(job.recipe), "request": dict(job.request)} if prompts else entry


def _audio(jobs: list[Found], home: Path) -> list[Path]:
    """Return the paths of the audio files that were sent and received for the newest job."""
    folder = home / "jobs" / jobs[0][0].id if jobs else home / "none"
    return sorted(path for name in AUDIO for path in folder.rglob(name) if path.is_file() and not path.is_symlink())
