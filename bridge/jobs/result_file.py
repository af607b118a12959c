"""Determines a result file's folder, name and metadata, and the content of the recipe file beside the result.

Names are readable and valid on every file system. The fit stage writes the file.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bridge import __version__
from bridge.engines.base import reported
from bridge.errors import OutputUnwritable
from bridge.jobs.context import VariationContext
from bridge.protocol.request import Project
from bridge.util.atomic import explained
from bridge.util.long_paths import LONGEST as LONGEST_PATH
from bridge.util.long_paths import is_too_long, plain
from bridge.util.umask import share

_UNWANTED = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069\ufeff]+')
_RESERVED = frozenset(
    {
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CONIN$",
        "CONOUT$",
        *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³"),
    }
)
LONGEST = 60  # maximum number of characters kept from a clip's or preset's name
LARGEST = 100  # maximum bytes kept from a name: two names, number, ID and suffix stay below the usual limit of 255
FITTED = (  # keys that are copied from the result of the `fit` stage to the recipe
    "channels",
    "sample_rate",
    "samples",
    "lead",
    "alignment",
    "gain_db",
    "limiter_db",
    "lufs",
    "true_peak_db",
    "loop",
    "legs",
    "joins",
)


def results_folder(project: Project, home: Path) -> Path:
    """Return the project's audio folder, a folder beside the project, or `results` in the bridge's folder."""
    if project.media_path:
        return Path(project.media_path)
    if project.path:
        path = Path(project.path)
        return (path.parent if path.suffix else path) / "ACE Bridge"
    return home / "results"


def make_folder(folder: Path, home: Path) -> None:
    """Create the folder for results.

    Args:
        folder: the folder, with an absolute path.
        home: the bridge's folder.

    Raises:
        OutputUnwritable, DiskFull: the folder cannot be created.
    """
    if not folder.is_absolute():
        raise OutputUnwritable(f"The folder for results, {plain(folder)}, is not an absolute path.")
    with explained(folder / "result.wav"):
        new = [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for one in new:
            share(one, home)


def safe(text: str) -> str:
    """Make text safe for a file name: remove separators, control characters, direction marks and trailing dots."""
    text = text.encode(errors="replace").decode()  # replaces lone surrogates, which come from names that are not UTF-8
    text = _UNWANTED.sub(" ", unicodedata.normalize("NFC", text))
    text = " ".join(text.split())
    while len(text.encode()) > LARGEST or len(text) > LONGEST:
        text = text[:-1]
    text = text.strip(" .")
    return f"_{text}" if text.upper().split(".")[0].rstrip() in _RESERVED else text


def result_name(clip: str, preset: str | None, index: int, variation_id: str) -> str:
    """Return a variation's file name without its suffix, such as `clip · preset 2 [1a2b3c4d]`."""
    parts = [part for part in (safe(clip.removesuffix(".wav")), safe(preset or "remix")) if part]
    number = f" {index + 1}" if index else ""
    return f"{' · '.join(parts)}{number} [{variation_id[:8]}]"


def free_path(folder: Path, name: str) -> Path:
    """Return an unused path in a folder, adding a number to the name if necessary."""
    names = (name, *(f"{name} ({count})" for count in range(2, 1000)))
    return next(folder / f"{one}.wav" for one in names if not (folder / f"{one}.wav").exists())


def require_short(context: VariationContext, home: Path) -> None:
    """Check that the DAW can open the result, whose path Windows limits.

    Raises:
        OutputUnwritable: the result's path would be too long.
    """
    name = result_name(context.clip.name, context.job.recipe["preset"], context.variation.index, context.variation_id)
    path = results_folder(context.request.project, home) / f"{name}.wav"
    if is_too_long(path):
        text = (
            f"The result's path would have {len(str(path))} characters, but DAWs on Windows open at most {LONGEST_PATH}"
        )
        hint = "Save the project in a folder with a shorter path, and request the remix again. Nothing was submitted."
        raise OutputUnwritable(f"{text}: {path}.", hint=hint)


def labels(context: VariationContext, time_reference: int) -> dict[str, Any]:
    """Return the result file's metadata, as BWF and INFO chunks.

    Args:
        context: context of the variation.
        time_reference: position of the file's start on the project's timeline, in samples.
    """
    made = time.gmtime(context.job.created)
    label = context.engine.capabilities.label
    return {
        "bext": {
            "description": f"{context.clip.name} - remix by {label}, seed {context.variation.seed}",
            "originator": "ace-bridge",
            "originator_reference": context.variation_id.replace("-", "")[:32],
            "origination_date": time.strftime("%Y-%m-%d", made),
            "origination_time": time.strftime("%H:%M:%S", made),
            "time_reference": max(0, time_reference),
            "coding_history": "",
        },
        "info": {
            "INAM": context.clip.name or "remix",
            "ICMT": f"{context.job.recipe['params']['tags']} (seed {context.variation.seed})",
            "ISFT": f"ace-bridge, {label}",
        },
    }


def recipe_document(context: VariationContext, fitted: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the recipe to write beside a result: everything needed to make the result again."""
    job, clip, made = context.job, context.clip, context.done["remix"]
    return {
        "made_by": f"ace-bridge {__version__}",
        "engine": _engine(context),
        "job_id": job.id,
        "variation_id": context.variation_id,
        "result": path.name,
        "seed": context.variation.seed,
        "model_seed": made["seed"],
        "request_id": made["request_id"],
        "request_ids": [segment["request_id"] for segment in context.each["remix"] if segment["request_id"]],
        "recipe": dict(job.recipe),
        "said": made.get("said", {}),
        "answers": [reported(segment["answer"]) for segment in context.each["remix"]],
        "heard": context.done["render"].get("heard"),
        "clip": {
            "id": clip.id,
            "name": clip.name,
            "position": clip.position,
            "length": context.done["render"]["length"],
            "source": msgspec.to_builtins(clip.source or clip.rendered),
            "sha256": context.done["render"]["sha256"],
        },
        "mixed_of": msgspec.to_builtins(context.request.clips) if context.request.is_combined else [],
        "project": msgspec.to_builtins(context.request.project),
        "fit": {name: fitted[name] for name in FITTED},
        "cost": {"currency": job.currency, "billed_units": _billed(context)},
        "warnings": [dict(warning) for warning in job.warnings],
        "created": job.created,
    }


def _engine(context: VariationContext) -> dict[str, Any]:
    """Return the engine that made the result; for the offline engine also its style and the sounds it cannot add."""
    family = context.done["remix"]["answer"].get("family")
    offline = {"family": family, "needs_model": context.job.recipe.get("needs_model", "")} if family else {}
    return {"name": context.job.engine, "label": context.engine.capabilities.label, **offline}


def _billed(context: VariationContext) -> float | None:
    """Return what the engine charged for all segments of the variation, in the engine's units."""
    bills = [segment["billed_units"] for segment in context.each["remix"] if segment["billed_units"] is not None]
    return sum(bills) if bills else None
