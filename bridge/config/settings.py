"""The settings as typed values, one class per section; `load` reads them, `ranges` says what each may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from bridge.config import ranges

NO_SECRET = ranges.NO_SECRET


@dataclass(frozen=True, slots=True)
class Osc:
    """[osc]: the port that everything with buttons talks to."""

    host: str  # address to listen on
    port: int  # UDP and TCP; 0: a free one
    max_packet: int  # bytes of one packet
    max_nesting: int  # bundles within bundles
    lease: float  # s after which a subscriber that sent nothing is told no more; 0: never
    secret: str = field(repr=False)  # what another machine unlocks spending with; NO_SECRET: it cannot
    unlock: float  # s that it lasts
    advertise: bool  # whether to be found in the network, when listening there


@dataclass(frozen=True, slots=True)
class Http:
    """[http]: the OSCQuery tree."""

    on: bool  # whether it is there
    port: int  # TCP; 0: a free one


@dataclass(frozen=True, slots=True)
class Inbox:
    """[inbox]: how new message files are noticed."""

    watch: str  # "native" or "poll"
    poll_interval: float  # s between two looks when polling
    safety_interval: float  # s between two looks beside the native watch
    max_message: int  # bytes of one message file


@dataclass(frozen=True, slots=True)
class Outbox:
    """[outbox]: how much the DAW's scripts are told."""

    progress_rate: float  # progress updates per second at most
    keep_finished: int  # finished jobs that stay listed


@dataclass(frozen=True, slots=True)
class Store:
    """[store]: how the journal is cared for, and how long the jobs' folders stay."""

    copies: int  # copies of the journal that are kept
    copy_hours: float  # hours between two copies
    keep_days: float  # days that the folder of a finished job stays
    keep_gigabytes: float  # size of all jobs' folders above which the oldest finished ones go
    any_place: bool  # whether the home may lie on a network drive or in a cloud's folder


@dataclass(frozen=True, slots=True)
class Scheduler:
    """[scheduler]: how much is done at the same time."""

    slots: int  # variations that are made at the same time


@dataclass(frozen=True, slots=True)
class Workers:
    """[workers]: the processes for signal work."""

    count: int  # 1 or 2
    idle_seconds: float  # s without work until they end


@dataclass(frozen=True, slots=True)
class Engine:
    """[engine]: who makes the remix."""

    default: str  # "auto" or the name of an engine


@dataclass(frozen=True, slots=True)
class Fal:
    """[fal]: where fal is and what it costs."""

    endpoint: str  # the model's id
    queue_url: str  # base address of the queue
    rest_url: str  # base address of the storage tokens
    result_hosts: tuple[str, ...]  # where uploads may go to and results may come from; "*." stands for any subdomain
    upload_expires: str  # how long fal keeps an uploaded clip
    result_expires: str  # how long fal is asked to keep a result
    price_per_second: float  # US dollars per second of generated audio
    longest: float  # longest audio of one order, s
    poll_first: float  # s until the second look at a running request
    poll_longest: float  # s between two looks at most
    status_stream: bool  # whether to listen to the status stream


@dataclass(frozen=True, slots=True)
class Remix:
    """[remix]: what is made when nothing is said."""

    preset: str  # of a remix that names neither a preset nor tags


@dataclass(frozen=True, slots=True)
class Render:
    """[render]: what is read of a clip."""

    context: float  # s that a short clip is sent with at least, where its source has them
    handles: float  # s of source kept before and after the clip
    highest_rate: int  # Hz; sources above are resampled to it


@dataclass(frozen=True, slots=True)
class Fit:
    """[fit]: what is done to a result."""

    align: bool  # whether a measured offset and drift are corrected
    loudness: str | float  # "source", "off" or a level in LUFS
    true_peak: float  # dBTP that the result never exceeds
    format: str  # "pcm24" or "float32"


@dataclass(frozen=True, slots=True)
class Audition:
    """[audition]: where results are played."""

    device: str  # name of the output or a part of it; "default": the system's


@dataclass(frozen=True, slots=True)
class Hotkeys:
    """[hotkeys]: keys that work whatever window is in front."""

    keys: tuple[str, ...]  # "combination: command" each


@dataclass(frozen=True, slots=True)
class Privacy:
    """[privacy]: what may leave this machine unasked."""

    upload_early: bool  # whether `prepare` uploads before a remix is asked for


@dataclass(frozen=True, slots=True)
class Budget:
    """[budget]: how much may be spent."""

    daily_cap: float  # US dollars per day
    confirm_above: float  # US dollars of one job that are not spent without a question


@dataclass(frozen=True, slots=True)
class Midi:
    """[midi]: controllers."""

    use: str  # "auto" (with the first mapping, or when asked) or "off"
    system: str  # "auto" or "jack"
    hold: float  # s that a control is held where it may cost money
    debounce: float  # s in which a second press of a control is not meant


@dataclass(frozen=True, slots=True)
class Config:
    """All settings; sections and keys are named as in default.toml."""

    osc: Osc
    http: Http
    midi: Midi
    inbox: Inbox
    outbox: Outbox
    store: Store
    scheduler: Scheduler
    workers: Workers
    engine: Engine
    fal: Fal
    remix: Remix
    render: Render
    fit: Fit
    audition: Audition
    hotkeys: Hotkeys
    privacy: Privacy
    budget: Budget
    home: Path  # the bridge's folder
    origins: Mapping[str, str]  # "section.key" → "default", "config.toml" or the variable's name

    def effective(self) -> dict[str, dict[str, Any]]:
        """Return all values by section and key, as `ace-bridge config` shows them, without passwords in addresses."""
        return {
            section: {
                item.name: _shown(section, item.name, getattr(getattr(self, section), item.name))
                for item in fields(kind)
            }
            for section, kind in SECTIONS.items()
        }


SECTIONS: Mapping[str, Any] = {
    name: kind for name, kind in get_type_hints(Config).items() if name not in ("home", "origins")
}
KEYS: Mapping[str, Mapping[str, Any]] = {name: get_type_hints(kind) for name, kind in SECTIONS.items()}


def _shown(section: str, key: str, value: Any) -> Any:
    if ranges.LIMITS[f"{section}.{key}"].secret and value != NO_SECRET:
        return "…"
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and "://" in value:
        return re.sub(r"://[^/@]*@", "://…@", value)
    return value
