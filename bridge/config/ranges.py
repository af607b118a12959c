"""What each setting of default.toml may be: its type and range, and how it is read from a line of text.

`load` asks here for every value; docs/config.md shows the same table.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bridge.errors import ConfigInvalid

NO_SECRET = "off"  # noqa: S105 - the word for none

_HOST = re.compile(r"^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?$")
_HOTKEY = re.compile(r"^[^:\s]{1,60}\s*:\s*[a-z.]{1,40}$")
_URL = re.compile(r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
_ENDPOINT = re.compile(r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$")
_SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Limit:
    """What one setting takes."""

    words: str  # for people, as in "it takes …"
    read: Callable[[Any], Any]  # the value in its proper type; raises ValueError if it is not one
    parse: Callable[[str], Any]  # the same from text, before `read`
    secret: bool = False  # whether the value is shown to nobody


def _whole(low: int, high: int) -> Limit:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return Limit(f"a whole number from {low} to {high}", read, int)


def _number(low: float, high: float) -> Limit:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return Limit(f"a number from {low:g} to {high:g}", read, float)


def _one_of(*words: str) -> Limit:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return Limit(" or ".join(f'"{word}"' for word in words), read, str)


def _text(pattern: re.Pattern[str], words: str) -> Limit:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.match(value):
            raise ValueError
        return value.rstrip("/")

    return Limit(words, read, str)


def _switch() -> Limit:
    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def parse(text: str) -> bool:
        if text.lower() not in _SWITCH:
            raise ValueError
        return _SWITCH[text.lower()]

    return Limit("true or false", read, parse)


def _secret() -> Limit:
    word = _text(re.compile(r"^\S{8,64}$"), "")

    def read(value: Any) -> str:
        return NO_SECRET if value == NO_SECRET else str(word.read(value))

    return Limit(f'"{NO_SECRET}" or 8 to 64 characters without blanks', read, str, secret=True)


def _texts(pattern: re.Pattern[str], words: str, *, least: int) -> Limit:
    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) < least:
            raise ValueError
        if not all(isinstance(text, str) and pattern.match(text) for text in value):
            raise ValueError
        return tuple(value)

    def parse(text: str) -> list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]

    return Limit(words, read, parse)


def _loudness() -> Limit:
    level = _number(-60, 0)

    def read(value: Any) -> str | float:
        if value in ("source", "off"):
            return str(value)
        return float(level.read(float(value) if isinstance(value, str) else value))

    return Limit('"source", "off" or a number from -60 to 0', read, str)


LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "osc.host": _text(re.compile(r"^[A-Za-z0-9.:%-]+$"), "an address, for example 127.0.0.1"),
        "osc.port": _whole(0, 65535),
        "osc.max_packet": _whole(512, 65507),
        "osc.max_nesting": _whole(1, 64),
        "osc.lease": _number(0, 31_536_000),
        "osc.secret": _secret(),
        "osc.unlock": _number(1, 86_400),
        "osc.advertise": _switch(),
        "http.on": _switch(),
        "http.port": _whole(0, 65535),
        "midi.use": _one_of("auto", "off"),
        "midi.system": _one_of("auto", "jack"),
        "midi.hold": _number(0.3, 5),
        "midi.debounce": _number(0, 0.5),
        "inbox.watch": _one_of("native", "poll"),
        "inbox.poll_interval": _number(0.001, 60),
        "inbox.safety_interval": _number(0.01, 3600),
        "inbox.max_message": _whole(1024, 64 * 1024 * 1024),
        "outbox.progress_rate": _number(0.1, 60),
        "outbox.keep_finished": _whole(0, 10_000),
        "store.copies": _whole(1, 1000),
        "store.copy_hours": _number(0.01, 8760),
        "store.keep_days": _number(0, 36_500),
        "store.keep_gigabytes": _number(0, 100_000),
        "store.any_place": _switch(),
        "scheduler.slots": _whole(1, 64),
        "workers.count": _whole(1, 2),
        "workers.idle_seconds": _number(0, 86_400),
        "engine.default": _text(re.compile(r"^[a-z][a-z0-9_-]*$"), 'text: "auto" or the name of an engine'),
        "remix.preset": _text(re.compile(r"^\S.{0,199}$"), "the name of a preset"),
        "fal.endpoint": _text(_ENDPOINT, "a model's id, for example fal-ai/ace-step/audio-to-audio"),
        "fal.queue_url": _text(_URL, "an http or https address"),
        "fal.rest_url": _text(_URL, "an http or https address"),
        "fal.result_hosts": _texts(_HOST, 'a list of host names, where "*." stands for any subdomain', least=1),
        "fal.upload_expires": _one_of("1h", "1d", "7d", "30d", "1y", "never"),
        "fal.result_expires": _one_of("1h", "1d", "7d", "30d", "1y", "never"),
        "fal.price_per_second": _number(0, 100),
        "fal.longest": _number(0.1, 86_400),
        "fal.poll_first": _number(0.001, 600),
        "fal.poll_longest": _number(0.001, 600),
        "fal.status_stream": _switch(),
        "render.context": _number(0, 60),
        "render.handles": _number(0, 60),
        "render.highest_rate": _whole(8000, 768_000),
        "fit.align": _switch(),
        "fit.loudness": _loudness(),
        "fit.true_peak": _number(-60, 0),
        "fit.format": _one_of("pcm24", "float32"),
        "audition.device": _text(re.compile(r"^[^\x00-\x1f]{1,199}$"), "the name of an audio output, or a part of it"),
        "hotkeys.keys": _texts(_HOTKEY, 'a list such as ["ctrl+alt+r: remix"]', least=0),
        "privacy.upload_early": _switch(),
        "budget.daily_cap": _number(0, 1_000_000),
        "budget.confirm_above": _number(0, 1_000_000),
    }
)


def check(section: str, key: str, value: Any, where: str) -> Any:
    """Return a setting in its proper type.

    Args:
        section: name of the section.
        key: name of the key in it, one of the table.
        value: as TOML gave it.
        where: file and line, or the variable, for the error.

    Raises:
        ConfigInvalid: the value is of another type or out of range.
    """
    limit = LIMITS[f"{section}.{key}"]
    try:
        return limit.read(value)
    except (TypeError, ValueError, OverflowError) as problem:
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}…"
        shown = "hidden here" if limit.secret and not isinstance(value, bool) else shown
        raise ConfigInvalid(f"{where}: [{section}] {key} is {shown}, but it takes {limit.words}.") from problem


def from_text(section: str, key: str, text: str, where: str) -> Any:
    """Return a setting that stands in an environment variable.

    Raises:
        ConfigInvalid: as `check`.
    """
    value: Any = text.strip()
    with contextlib.suppress(ValueError):  # then `check` refuses the text itself, in the same words as for a file
        value = LIMITS[f"{section}.{key}"].parse(value)
    return check(section, key, value, where)
