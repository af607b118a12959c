"""Reports the keys of a message that the bridge does not know, so that a misspelt key is not ignored silently.

The message is still handled, because a newer script may send keys that this version does not know. Only a message that
would act on the wrong job is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from bridge.errors import RequestError
from bridge.presets.parameters import PARAMS
from bridge.protocol.request import NudgeArgs, Remix, RemixArgs, TargetArgs
from bridge.util.kinds import fields, is_union, without_limits
from bridge.util.suggest import did_you_mean, nearest
from bridge.util.tolerance import meant
from bridge.util.validation import bare

OWN = "x_"  # keys that begin with this belong to the sender and are not reported
MOST = 10  # largest number of keys that are reported
TARGETS = ("job_id", "variation_id")

Key = tuple[str, str, Iterable[str]]  # place of a key in the message, the key, and the keys known there


def in_remix(args: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a warning for each unknown key in the arguments of `remix`, including unknown parameters."""
    return _warnings([*_unknown(args, RemixArgs), *_unknown_parameters(args.get("remix", {}))])


def in_target(args: Mapping[str, Any], kind: type[TargetArgs | NudgeArgs]) -> list[dict[str, str]]:
    """Return a warning for each unknown key in the arguments of a command for existing jobs.

    Raises:
        RequestError: no job is named, and a key resembles a key that names one; the command would use the newest job.
    """
    found = [*_unknown(args, kind), *_unknown_parameters(args.get("remix", {}))]
    if not any(args.get(name) for name in TARGETS):
        for place, key, _ in found:
            if not place and nearest(key, [*TARGETS, "job", "variation", "id"]):
                raise RequestError(f"There is no “{bare(key)}” in args.{did_you_mean(key, fields(kind))}")
    return _warnings(found)


def _unknown(value: Any, kind: Any, place: str = "") -> Iterator[Key]:
    """Yield each unknown key in a valid value of a type."""
    plain = without_limits(kind)
    if is_union(plain):
        plain = without_limits(meant(value, get_args(plain)))
    if isinstance(value, Mapping) and hasattr(plain, "__struct_fields__"):
        known = fields(plain)
        for key, part in value.items():
            if key in known:
                yield from _unknown(part, known[key], f"{place}.{key}".lstrip("."))
            else:
                yield place, key, known
    elif isinstance(value, (list, tuple)) and get_origin(plain) is tuple and get_args(plain)[-1] is Ellipsis:
        for index, part in enumerate(value):
            yield from _unknown(part, get_args(plain)[0], f"{place}[{index}]")


def _unknown_parameters(remix: Mapping[str, Any]) -> Iterator[Key]:
    both = dict.fromkeys((*fields(Remix), *PARAMS))  # `seed` is in both
    known = [name for name in both if name != "audio_url"]  # the bridge fills in audio_url
    yield from (("remix", key, known) for key, value in remix.items() if key not in known and value is not None)


def _warnings(found: Iterable[Key]) -> list[dict[str, str]]:
    """Return a warning for each key; a key that occurs in several clips is reported once."""
    texts: dict[tuple[str, str], str] = {}
    for place, key, known in found:
        if not key.startswith(OWN):
            text = f"There is no “{bare(key)}” in {place or 'args'}, so it is ignored.{did_you_mean(key, known)}"
            texts.setdefault((re.sub(r"\d+", "", place), key), text)
    return [{"code": "not_honoured", "text": text} for text in list(texts.values())[:MOST]]
