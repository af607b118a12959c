"""Decides a job's recipe when the job is created.

Together with the clip, the recipe determines the result. The stages read the recipe from the job, and
bridge/jobs/result_file.py writes it beside every result.
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
    """Decide a job's parameters: the request overrides the preset, and the preset overrides the defaults.

    Args:
        request: the remix request.
        wanted: the typed part of the request's `remix` object.
        presets: all presets.
        overrides: values set on a surface, which may include `preset` and `amount`; the request overrides them.
        usual: name of the preset for a request that has neither a preset nor tags.

    Returns:
        `preset`, `family`, `needs_model`, `amount`, `params` (all inputs except `audio_url` and `seed`), `chosen`
        (names of the parameters that were set), `described_by` (source of `original_tags`) and `tags_by` (source of
        `tags`); a source is `user`, `preset` or `clip`.

    Raises:
        PresetUnknown, PresetInvalid, ParamInvalid: the request is invalid; nothing was sent.
    """
    asked = {**overrides, **{key: value for key, value in request.remix.items() if value is not None}}
    asked = {key: value for key, value in asked.items() if key in PARAMS and key not in ("seed", "audio_url")}
    name = wanted.preset or overrides.get("preset") or ("" if "tags" in asked else usual)
    preset = presets.get(name) if name else None
    amount = overrides.get("amount") if wanted.amount is None else wanted.amount
    chosen = {**_of_preset(preset), **asked}
    if amount is not None and "edit_mode" not in asked:
        chosen.pop("edit_mode", None)  # the user's amount overrides the preset's mode
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
    """Return a copy of an old recipe with some values changed.

    Raises:
        ParamInvalid: a value is invalid; nothing was sent.
    """
    asked = {key: value for key, value in change.items() if key in PARAMS and key not in ("seed", "audio_url")}
    chosen = {**{name: old["params"][name] for name in old["chosen"]}, **asked}
    if "amount" in change and "edit_mode" not in asked:
        chosen.pop("edit_mode", None)  # see `compose`
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
    """Return a random seed."""
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
    """Guess tags from names and tempo before the clips are analysed; the `remix` stage replaces them for each clip."""
    heard = {"tempo": request.project.tempo, "tempo_sure": True}
    return original_tags((request.clips[0].track.name, request.clips[0].name), heard)
