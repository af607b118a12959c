"""The recipe of a job: all that its result depends on beside the clip, decided once, when the job is taken on.

Stages read it from the job, and bridge/jobs/result_file.py writes it beside every result.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from bridge.presets.library import Preset, Presets
from bridge.presets.parameters import PARAMS, check, complete
from bridge.presets.tags import original_tags
from bridge.protocol.request import Remix, RemixArgs


def compose(
    request: RemixArgs, wanted: Remix, presets: Presets, overrides: Mapping[str, Any], usual: str
) -> dict[str, Any]:
    """Decide the parameters of a job: defaults, under the preset, under what was asked for.

    Args:
        request: the remix as it was asked for.
        wanted: its typed part.
        presets: the presets there are.
        overrides: what a surface has set, counts like asked for but below it; `preset` and `amount` may be among it.
        usual: the preset of a remix that names neither a preset nor tags.

    Returns:
        preset, family, needs_model, amount, params (all inputs but audio_url and seed), chosen (names that somebody
        set), described_by and tags_by (user, preset or clip).

    Raises:
        PresetUnknown, PresetInvalid, ParamInvalid: one sentence, before anything is sent.
    """
    asked = {**overrides, **{key: value for key, value in request.remix.items() if value is not None}}
    asked = {key: value for key, value in asked.items() if key in PARAMS and key not in ("seed", "audio_url")}
    name = wanted.preset or overrides.get("preset") or ("" if "tags" in asked else usual)
    preset = presets.get(name) if name else None
    amount = overrides.get("amount") if wanted.amount is None else wanted.amount
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
        "needs_model": preset.needs_model if preset else "",
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
