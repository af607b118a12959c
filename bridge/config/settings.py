"""The settings as typed values, one class per section. A field's type defines which values the setting accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from msgspec import Meta

NO_SECRET = "off"  # noqa: S105 - the word for none
SECRET = frozenset({"osc.secret"})  # settings that are never shown

_HOST_NAME = (  # a host name, or an IPv6 address with or without brackets
    r"^((\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?"
    r"|\[[0-9A-Fa-f:.]+\](:\d{1,5})?"
    r"|[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,})$"
)
_ENDPOINT = (  # fal's own models: only ACE-Step's audio-to-audio; other owners: any path that names no other task
    r"^(?!fal-ai/(?!ace-step[^/]*/([^/]+/)*audio-to-audio$))"
    r"(?!.*/(?!audio-to-audio$)([a-z0-9]+-to-[a-z0-9]+|(audio-)?(in|out)paint(ing)?)$)"
    r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$"
)
_HOTKEY = r"^[^:\s]{1,60}\s*:\s*[a-z.]{1,40}$"

Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:%-]+$", description="an address, for example 127.0.0.1")]
Port = Annotated[int, Meta(ge=0, le=65535)]
Money = Annotated[float, Meta(ge=0, le=1_000_000)]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", description="an http or https address")]
Endpoint = Annotated[
    str,
    Meta(
        pattern=_ENDPOINT,
        description="the ID of an ACE-Step audio-to-audio model, for example fal-ai/ace-step/audio-to-audio, "
        "or of your own deployment; models for other tasks need other inputs",
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
ProgramList = Annotated[
    tuple[Annotated[str, Meta(pattern=r"^[^\x00-\x1f]{1,199}$", description="the name of a program")], ...],
    Meta(description='a list such as ["bitwig studio", "cubase*"]'),
]
HotkeyList = Annotated[tuple[Hotkey, ...], Meta(description='a list such as ["ctrl+alt+r: remix"]')]
Loudness = Annotated[
    Literal["source", "off"] | Annotated[float, Meta(ge=-60, le=0)],
    Meta(description='"source", "off" or a number from -60 to 0'),
]


@dataclass(frozen=True, slots=True)
class Osc:
    """[osc]: the port for control surfaces."""

    host: Host  # address to listen on
    port: Port  # UDP and TCP; 0: any free port
    max_packet: Annotated[int, Meta(ge=512, le=65507)]  # maximum bytes per packet
    max_nesting: Annotated[int, Meta(ge=1, le=64)]  # maximum levels of nested bundles
    lease: Annotated[float, Meta(ge=0, le=31_536_000)]  # seconds until an idle subscription ends; 0: never
    secret: Secret = field(repr=False)  # with it, other machines may spend money; NO_SECRET: none may
    unlock: Annotated[float, Meta(ge=1, le=86_400)]  # seconds until an unlock expires
    advertise: bool  # whether to announce the bridge on the network


@dataclass(frozen=True, slots=True)
class Http:
    """[http]: the OSCQuery server."""

    on: bool  # whether the server runs
    port: Port  # TCP; 0: any free port


@dataclass(frozen=True, slots=True)
class Inbox:
    """[inbox]: how the bridge notices new message files."""

    watch: Literal["native", "poll"]
    poll_interval: Annotated[float, Meta(ge=0.001, le=60)]  # seconds between checks when polling
    safety_interval: Annotated[float, Meta(ge=0.01, le=3600)]  # seconds between extra checks while notifications work
    max_message: Annotated[int, Meta(ge=1024, le=64 * 1024 * 1024)]  # maximum bytes per message file


@dataclass(frozen=True, slots=True)
class Outbox:
    """[outbox]: what the outbox files contain, and how often they are written."""

    progress_rate: Annotated[float, Meta(ge=0.1, le=60)]  # maximum progress updates per second
    keep_finished: Annotated[int, Meta(ge=0, le=10_000)]  # finished jobs to list


@dataclass(frozen=True, slots=True)
class Store:
    """[store]: backups of the journal, and how long the jobs' working files are kept."""

    copies: Annotated[int, Meta(ge=1, le=1000)]  # backups to keep
    copy_hours: Annotated[float, Meta(ge=0.01, le=8760)]  # hours between backups
    keep_days: Annotated[float, Meta(ge=0, le=36_500)]  # days to keep a finished job's folder
    keep_gigabytes: Annotated[float, Meta(ge=0, le=100_000)]  # maximum total size of finished jobs' folders, GB
    any_place: bool  # whether the home may be on a network drive or in a cloud folder


@dataclass(frozen=True, slots=True)
class Scheduler:
    """[scheduler]: how much runs at the same time."""

    slots: Annotated[int, Meta(ge=1, le=64)]  # maximum number of variations that run at the same time


@dataclass(frozen=True, slots=True)
class Workers:
    """[workers]: the processes for audio processing."""

    count: Annotated[int, Meta(ge=1, le=2)]  # number of processes
    idle_seconds: Annotated[float, Meta(ge=0, le=86_400)]  # seconds without work after which a worker stops


@dataclass(frozen=True, slots=True)
class Engine:
    """[engine]: the default engine."""

    default: Annotated[
        str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", description='"auto" or the name of an engine')
    ]  # "auto" or the name of an engine


@dataclass(frozen=True, slots=True)
class Fal:
    """[fal]: fal's addresses, limits and price."""

    endpoint: Endpoint  # the model's ID
    queue_url: Url  # base URL of the queue
    rest_url: Url  # base URL of the storage API
    result_hosts: Hosts  # hosts allowed for uploads and results
    upload_expires: Expiry  # how long fal keeps an uploaded clip
    result_expires: Expiry  # how long fal keeps a result
    price_per_second: Annotated[float, Meta(ge=0, le=100)]  # US dollars per second of generated audio
    longest: Annotated[float, Meta(ge=0.1, le=86_400)]  # longest audio per submission, s
    poll_first: Annotated[float, Meta(ge=0.001, le=600)]  # seconds until the second status request
    poll_longest: Annotated[float, Meta(ge=0.001, le=600)]  # maximum seconds between status requests
    status_stream: bool  # whether to follow fal's status stream


@dataclass(frozen=True, slots=True)
class Remix:
    """[remix]: defaults of a remix."""

    preset: Annotated[
        str, Meta(pattern=r"^\S.{0,199}$", description="the name of a preset")
    ]  # used if a remix names neither a preset nor tags


@dataclass(frozen=True, slots=True)
class Render:
    """[render]: how much audio the bridge reads for a clip, and at which sample rate."""

    context: Annotated[float, Meta(ge=0, le=60)]  # seconds of audio to send at least, if the source is long enough
    handles: Annotated[float, Meta(ge=0, le=60)]  # seconds of source audio kept before and after the clip
    highest_rate: Annotated[int, Meta(ge=8000, le=768_000)]  # Hz; higher rates are resampled to this rate
    send_silent: bool  # whether a silent clip is remixed, unless the request says otherwise


@dataclass(frozen=True, slots=True)
class Fit:
    """[fit]: how the bridge fits a result to the clip."""

    align: bool  # whether to correct a measured offset and drift
    loudness: Loudness  # level in LUFS, "source" (match the clip) or "off"
    true_peak: Annotated[float, Meta(ge=-60, le=0)]  # maximum true peak, dBTP
    format: Literal["pcm24", "float32"]  # sample format of a result


@dataclass(frozen=True, slots=True)
class Audition:
    """[audition]: where the bridge plays results."""

    device: Annotated[
        str, Meta(pattern=r"^[^\x00-\x1f]{1,199}$", description="the name of an audio output, or a part of it")
    ]  # full or partial name of an audio output; "default": the system's output


@dataclass(frozen=True, slots=True)
class Hotkeys:
    """[hotkeys]: keys that act while a DAW is in front."""

    keys: HotkeyList  # each: "key combination: command"
    programs: ProgramList  # patterns for the names of more programs in which the keys act; "*": in every program


@dataclass(frozen=True, slots=True)
class Privacy:
    """[privacy]: what the bridge may upload before you start a remix."""

    upload_early: bool  # whether `prepare` may upload the clip before the remix is started


@dataclass(frozen=True, slots=True)
class Budget:
    """[budget]: all limits above which the bridge asks before it spends money."""

    daily_cap: Money  # US dollars per day
    confirm_above: Money  # US dollars; a job that costs more needs confirmation
    confirm_count: Annotated[int, Meta(ge=0, le=100_000)]  # remixes; a job with more needs confirmation


@dataclass(frozen=True, slots=True)
class Midi:
    """[midi]: MIDI controllers."""

    use: Literal["auto", "off"]  # "auto": on if there is a mapping or a command needs MIDI
    system: Literal["auto", "jack"]  # "auto": the operating system's MIDI; "jack": JACK MIDI
    hold: Annotated[float, Meta(ge=0.3, le=5)]  # seconds to hold a control that may spend money
    debounce: Annotated[float, Meta(ge=0, le=0.5)]  # s; a second press within this time is contact bounce


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, with the sections and keys of default.toml."""

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
    home: Path  # the bridge's home
    origins: Mapping[str, str]  # "section.key" → "default", "config.toml" or the name of an environment variable

    def effective(self) -> dict[str, dict[str, Any]]:
        """Return all values by section and key for `ace-bridge config`, without secrets or passwords."""
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
}  # each setting's type, by section and key


def _shown(section: str, key: str, value: Any) -> Any:
    if f"{section}.{key}" in SECRET and value != NO_SECRET:
        return "…"
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and "://" in value:
        return re.sub(r"://[^/@]*@", "://…@", value)
    return value
