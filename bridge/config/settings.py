"""The settings as typed values, one class per section. The type of a field is what the setting takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from msgspec import Meta

NO_SECRET = "off"  # noqa: S105 - the word for none
SECRET = frozenset({"osc.secret"})  # settings that are never shown

_HOST_NAME = r"^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?$"
_HOTKEY = r"^[^:\s]{1,60}\s*:\s*[a-z.]{1,40}$"

Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:%-]+$", description="an address, for example 127.0.0.1")]
Port = Annotated[int, Meta(ge=0, le=65535)]
Money = Annotated[float, Meta(ge=0, le=1_000_000)]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", description="an http or https address")]
Endpoint = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
        description="a model's ID, for example fal-ai/ace-step/audio-to-audio",
    ),
]
Expiry = Literal["1h", "1d", "7d", "30d", "1y", "never"]
Secret = Annotated[
    str, Meta(pattern=r"^(off|\S{8,64})\Z", description=f'"{NO_SECRET}" or 8 to 64 characters without spaces')
]
HostName = Annotated[str, Meta(pattern=_HOST_NAME, description='a host name; "*." stands for any subdomain')]
Hosts = Annotated[
    tuple[HostName, ...], Meta(min_length=1, description='a list of host names; "*." stands for any subdomain')
]
Hotkey = Annotated[
    str, Meta(pattern=_HOTKEY, description='a key combination and a command, for example "ctrl+alt+r: remix"')
]
HotkeyList = Annotated[tuple[Hotkey, ...], Meta(description='a list such as ["ctrl+alt+r: remix"]')]
Loudness = Annotated[
    Literal["source", "off"] | Annotated[float, Meta(ge=-60, le=0)],
    Meta(description='"source", "off" or a number from -60 to 0'),
]


@dataclass(frozen=True, slots=True)
class Osc:
    """[osc]: the port that everything with buttons talks to."""

    host: Host  # address to listen on
    port: Port  # UDP and TCP; 0: a free one
    max_packet: Annotated[int, Meta(ge=512, le=65507)]  # bytes of one packet
    max_nesting: Annotated[int, Meta(ge=1, le=64)]  # bundles within bundles
    lease: Annotated[
        float, Meta(ge=0, le=31_536_000)
    ]  # s after which a subscriber that sent nothing is told no more; 0: never
    secret: Secret = field(repr=False)  # what another machine unlocks spending with; NO_SECRET: it cannot
    unlock: Annotated[float, Meta(ge=1, le=86_400)]  # s that it lasts
    advertise: bool  # whether to be found in the network, when listening there


@dataclass(frozen=True, slots=True)
class Http:
    """[http]: the OSCQuery tree."""

    on: bool  # whether it is there
    port: Port  # TCP; 0: a free one


@dataclass(frozen=True, slots=True)
class Inbox:
    """[inbox]: how new message files are noticed."""

    watch: Literal["native", "poll"]  # "native" or "poll"
    poll_interval: Annotated[float, Meta(ge=0.001, le=60)]  # s between two looks when polling
    safety_interval: Annotated[float, Meta(ge=0.01, le=3600)]  # s between two looks beside the native watch
    max_message: Annotated[int, Meta(ge=1024, le=64 * 1024 * 1024)]  # bytes of one message file


@dataclass(frozen=True, slots=True)
class Outbox:
    """[outbox]: how much the DAW's scripts are told."""

    progress_rate: Annotated[float, Meta(ge=0.1, le=60)]  # progress updates per second at most
    keep_finished: Annotated[int, Meta(ge=0, le=10_000)]  # finished jobs that stay listed


@dataclass(frozen=True, slots=True)
class Store:
    """[store]: how the journal is cared for, and how long the jobs' folders stay."""

    copies: Annotated[int, Meta(ge=1, le=1000)]  # copies of the journal that are kept
    copy_hours: Annotated[float, Meta(ge=0.01, le=8760)]  # hours between two copies
    keep_days: Annotated[float, Meta(ge=0, le=36_500)]  # days that the folder of a finished job stays
    keep_gigabytes: Annotated[
        float, Meta(ge=0, le=100_000)
    ]  # size of all jobs' folders above which the oldest finished ones go
    any_place: bool  # whether the home may lie on a network drive or in a cloud's folder


@dataclass(frozen=True, slots=True)
class Scheduler:
    """[scheduler]: how much is done at the same time."""

    slots: Annotated[int, Meta(ge=1, le=64)]  # variations that are made at the same time


@dataclass(frozen=True, slots=True)
class Workers:
    """[workers]: the processes for signal work."""

    count: Annotated[int, Meta(ge=1, le=2)]  # 1 or 2
    idle_seconds: Annotated[float, Meta(ge=0, le=86_400)]  # s without work until they end


@dataclass(frozen=True, slots=True)
class Engine:
    """[engine]: who makes the remix."""

    default: Annotated[
        str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", description='"auto" or the name of an engine')
    ]  # "auto" or the name of an engine


@dataclass(frozen=True, slots=True)
class Fal:
    """[fal]: where fal is and what it costs."""

    endpoint: Endpoint  # the model's id
    queue_url: Url  # base address of the queue
    rest_url: Url  # base address of the storage tokens
    result_hosts: Hosts  # where uploads may go to and results may come from; "*." stands for any subdomain
    upload_expires: Expiry  # how long fal keeps an uploaded clip
    result_expires: Expiry  # how long fal is asked to keep a result
    price_per_second: Annotated[float, Meta(ge=0, le=100)]  # US dollars per second of generated audio
    longest: Annotated[float, Meta(ge=0.1, le=86_400)]  # longest audio of one order, s
    poll_first: Annotated[float, Meta(ge=0.001, le=600)]  # s until the second look at a running request
    poll_longest: Annotated[float, Meta(ge=0.001, le=600)]  # s between two looks at most
    status_stream: bool  # whether to listen to the status stream


@dataclass(frozen=True, slots=True)
class Remix:
    """[remix]: what is made when nothing is said."""

    preset: Annotated[
        str, Meta(pattern=r"^\S.{0,199}$", description="the name of a preset")
    ]  # of a remix that names neither a preset nor tags


@dataclass(frozen=True, slots=True)
class Render:
    """[render]: what is read of a clip."""

    context: Annotated[float, Meta(ge=0, le=60)]  # s that a short clip is sent with at least, where its source has them
    handles: Annotated[float, Meta(ge=0, le=60)]  # s of source kept before and after the clip
    highest_rate: Annotated[int, Meta(ge=8000, le=768_000)]  # Hz; sources above are resampled to it


@dataclass(frozen=True, slots=True)
class Fit:
    """[fit]: what is done to a result."""

    align: bool  # whether a measured offset and drift are corrected
    loudness: Loudness  # "source", "off" or a level in LUFS
    true_peak: Annotated[float, Meta(ge=-60, le=0)]  # dBTP that the result never exceeds
    format: Literal["pcm24", "float32"]  # "pcm24" or "float32"


@dataclass(frozen=True, slots=True)
class Audition:
    """[audition]: where results are played."""

    device: Annotated[
        str, Meta(pattern=r"^[^\x00-\x1f]{1,199}$", description="the name of an audio output, or a part of it")
    ]  # name of the output or a part of it; "default": the system's


@dataclass(frozen=True, slots=True)
class Hotkeys:
    """[hotkeys]: keys that work whatever window is in front."""

    keys: HotkeyList  # "combination: command" each


@dataclass(frozen=True, slots=True)
class Privacy:
    """[privacy]: what may leave this machine unasked."""

    upload_early: bool  # whether `prepare` uploads before a remix is asked for


@dataclass(frozen=True, slots=True)
class Budget:
    """[budget]: how much may be spent."""

    daily_cap: Money  # US dollars per day
    confirm_above: Money  # US dollars of one job that are not spent without a question


@dataclass(frozen=True, slots=True)
class Midi:
    """[midi]: controllers."""

    use: Literal["auto", "off"]  # "auto" (with the first mapping, or when asked) or "off"
    system: Literal["auto", "jack"]  # "auto" or "jack"
    hold: Annotated[float, Meta(ge=0.3, le=5)]  # s that a control is held where it may cost money
    debounce: Annotated[float, Meta(ge=0, le=0.5)]  # s in which a second press of a control is not meant


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
KEYS: Mapping[str, Mapping[str, Any]] = {
    name: get_type_hints(kind, include_extras=True) for name, kind in SECTIONS.items()
}  # the type of each key of each section


def _shown(section: str, key: str, value: Any) -> Any:
    if f"{section}.{key}" in SECRET and value != NO_SECRET:
        return "…"
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and "://" in value:
        return re.sub(r"://[^/@]*@", "://…@", value)
    return value
