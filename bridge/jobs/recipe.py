"""Everything needed to make a result again: decided when a job is taken on, written down beside every result."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bridge import __version__
from bridge.presets.library import Preset, Presets
from bridge.presets.parameters import PARAMS, check, complete
from bridge.presets.tags import original_tags
from bridge.protocol.request import Remix, RemixArgs

if TYPE_CHECKING:
    from bridge.jobs.context import VariationContext

FITTED = (
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


def compose(request: RemixArgs, wanted: Remix, presets: Presets, held: Mapping[str, Any], usual: str) -> dict[str, Any]:
    """Decide the parameters of a job: defaults, under the preset, under what was asked for.

    Args:
        request: the remix as it was asked for.
        wanted: its typed part.
        presets: the presets there are.
        held: what a surface has set, counts like asked for but below it; `preset` and `amount` may be among it.
        usual: the preset of a remix that names neither a preset nor tags.

    Returns:
        preset, family, amount, params (all inputs but audio_url and seed) and chosen (names that somebody set).

    Raises:
        PresetUnknown, PresetInvalid, ParamInvalid: one sentence, before anything is sent.
    """
    asked = {**held, **{key: value for key, value in request.remix.items() if value is not None}}
    asked = {key: value for key, value in asked.items() if key in PARAMS and key not in ("seed", "audio_url")}
    name = wanted.preset or held.get("preset") or ("" if "tags" in asked else usual)
    preset = presets.get(name) if name else None
    amount = held.get("amount") if wanted.amount is None else wanted.amount
    chosen = {**_of_preset(preset), **asked}
    if amount is not None and "edit_mode" not in asked:
        chosen.pop("edit_mode", None)  # what the user set is closer to the user than the preset's mode
    elif amount is None and preset is not None:
        amount = preset.amount
    given = {
        name: "user" if name in asked else "preset" if name in chosen else "clip" for name in ("original_tags", "tags")
    }
    chosen.setdefault("original_tags", _guess(request))
    params = complete(check(chosen))
    return {
        "preset": preset.name if preset else None,
        "family": preset.family if preset else "",
        "amount": amount,
        "params": {key: value for key, value in params.items() if key not in ("seed", "audio_url")},
        "chosen": sorted(chosen),
        "described_by": given["original_tags"],
        "tags_by": given["tags"],
    }


def recompose(old: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return an old recipe with what is to be other this time.

    Raises:
        ParamInvalid: one sentence, before anything is sent.
    """
    asked = {key: value for key, value in change.items() if key in PARAMS and key not in ("seed", "audio_url")}
    chosen = {**{name: old["params"][name] for name in old["chosen"]}, **asked}
    if "amount" in change and "edit_mode" not in asked:
        chosen.pop("edit_mode", None)  # as in `compose`
    params = complete(check(chosen))
    return {
        **old,
        "described_by": "user" if "original_tags" in asked else old.get("described_by", "preset"),
        "tags_by": "user" if "tags" in asked else old.get("tags_by", "user"),
        "amount": change.get("amount", old["amount"]),
        "params": {key: value for key, value in params.items() if key not in ("seed", "audio_url")},
        "chosen": sorted(chosen),
    }


def new_seed() -> int:
    """Return a seed for a job that asked for none."""
    return secrets.randbelow(2**32)


def describe(context: VariationContext, fitted: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the recipe that stands beside a result."""
    job, clip, made = context.job, context.clip, context.done["remix"]
    return {
        "made_by": f"ace-bridge {__version__}",
        "engine": {"name": job.engine, "label": context.engine.capabilities.label},
        "job_id": job.id,
        "variation_id": context.variation_id,
        "result": path.name,
        "seed": context.variation.seed,
        "model_seed": made["seed"],
        "request_id": made["request_id"],
        "request_ids": [segment["request_id"] for segment in context.each["remix"]],
        "recipe": dict(job.recipe),
        "said": made.get("said", {}),
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


def _billed(context: VariationContext) -> float | None:
    """Return what the engine said it charged for all segments of the clip, in its units."""
    bills = [segment["billed_units"] for segment in context.each["remix"] if segment["billed_units"] is not None]
    return sum(bills) if bills else None


def _of_preset(preset: Preset | None) -> dict[str, Any]:
    if preset is None:
        return {}
    named = {
        "tags": preset.tags,
        "lyrics": preset.lyrics,
        "edit_mode": preset.edit_mode,
        "original_tags": preset.original_tags,
    }
    return {**{key: value for key, value in named.items() if value is not None}, **preset.parameters}


def _guess(request: RemixArgs) -> str:
    """Say of the clips what is known before they are heard; stage remix says it anew for each of them."""
    heard = {"tempo": request.project.tempo, "tempo_sure": True}
    return original_tags((request.clips[0].track.name, request.clips[0].name), heard)
