"""Every error that may reach a person, a surface or a DAW: one tree, drawn here.

    BridgeError
    ├── InputError          what was asked for cannot be done as asked
    │   ├── RequestError        the message itself
    │   ├── ClipError           the clip's audio or span
    │   └── SettingError        presets, parameters, configuration
    ├── EngineError         the model or the way to it
    │   ├── AccountError        key, balance, permission
    │   ├── RefusedError        the model's complete answer says no
    │   └── OutageError         nobody answered, or the answer made no sense
    ├── ResultError         something came back, and it is not usable audio
    ├── PlaceError          the result is ready, the DAW did not take it
    └── HomeError           this machine: home, disk, ports, worker processes

A class's docstring is its default text, ``code`` its stable name, ``hint`` the next step: text exists once, and
docs/errors.md is generated from these files. Anything that is not a BridgeError goes to the log with its traceback
and reaches a person as `Unexpected`.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.errors.asked import (
    ClipError,
    ClipNotAudio,
    ClipTooLong,
    ClipTooShort,
    ConfigInvalid,
    ConfirmNeeded,
    EngineUnknown,
    FormatNeedsFfmpeg,
    HoldToSpend,
    InputError,
    MappingInvalid,
    MessageTooLarge,
    MessageUnreadable,
    MidiConflict,
    MidiNotHeard,
    NotPossibleNow,
    OscUnreadable,
    ParamInvalid,
    ParamUnknown,
    PresetInvalid,
    PresetUnknown,
    ProtocolUnsupported,
    RequestConflict,
    RequestError,
    SecretNeeded,
    SecretWrong,
    SettingError,
    SourceChanged,
    SourceMissing,
    SourceTruncated,
    SourceUnreadable,
    SpanOutside,
    TokenWrong,
    UnknownCommand,
    UnknownJob,
)
from bridge.errors.base import BridgeError, Unexpected
from bridge.errors.engine import (
    AccessDenied,
    AccountError,
    AnswerStrange,
    BalanceEmpty,
    BudgetReached,
    ClipRefused,
    ContentRefused,
    EngineBusy,
    EngineError,
    HostRefused,
    KeyInvalid,
    KeyMissing,
    KeyRefused,
    ModelFailed,
    NetworkDown,
    OutageError,
    RateLimited,
    RefusedError,
    RequestRejected,
    ResultGone,
    SpendingUnconfirmed,
    SubmitUnknown,
    UploadFailed,
    UploadNotFetched,
    Withdrawn,
)
from bridge.errors.result import (
    ResultBroken,
    ResultError,
    ResultNotAudio,
    ResultSilent,
    ResultTooLarge,
    ResultTooShort,
    ResultTruncated,
)
from bridge.errors.surroundings import (
    AlreadyRunning,
    AudioDeviceMissing,
    DawMissing,
    DawRunning,
    DiskFull,
    HomeElsewhere,
    HomeError,
    HotkeysMissing,
    InstallRefused,
    MidiMissing,
    MidiOff,
    MidiUnavailable,
    NotRunning,
    OutputUnwritable,
    PlaceError,
    PortTaken,
    StoreBusy,
    StoreLost,
    StoreNewer,
    WorkerDied,
    WorkLost,
)

__all__ = [
    "AccessDenied",
    "AccountError",
    "AlreadyRunning",
    "AnswerStrange",
    "AudioDeviceMissing",
    "BalanceEmpty",
    "BridgeError",
    "BudgetReached",
    "ClipError",
    "ClipNotAudio",
    "ClipRefused",
    "ClipTooLong",
    "ClipTooShort",
    "ConfigInvalid",
    "ConfirmNeeded",
    "ContentRefused",
    "DawMissing",
    "DawRunning",
    "DiskFull",
    "EngineBusy",
    "EngineError",
    "EngineUnknown",
    "FormatNeedsFfmpeg",
    "HoldToSpend",
    "HomeElsewhere",
    "HomeError",
    "HostRefused",
    "HotkeysMissing",
    "InputError",
    "InstallRefused",
    "KeyInvalid",
    "KeyMissing",
    "KeyRefused",
    "MappingInvalid",
    "MessageTooLarge",
    "MessageUnreadable",
    "MidiConflict",
    "MidiMissing",
    "MidiNotHeard",
    "MidiOff",
    "MidiUnavailable",
    "ModelFailed",
    "NetworkDown",
    "NotPossibleNow",
    "NotRunning",
    "OscUnreadable",
    "OutageError",
    "OutputUnwritable",
    "ParamInvalid",
    "ParamUnknown",
    "PlaceError",
    "PortTaken",
    "PresetInvalid",
    "PresetUnknown",
    "ProtocolUnsupported",
    "RateLimited",
    "RefusedError",
    "RequestConflict",
    "RequestError",
    "RequestRejected",
    "ResultBroken",
    "ResultError",
    "ResultGone",
    "ResultNotAudio",
    "ResultSilent",
    "ResultTooLarge",
    "ResultTooShort",
    "ResultTruncated",
    "SecretNeeded",
    "SecretWrong",
    "SettingError",
    "SourceChanged",
    "SourceMissing",
    "SourceTruncated",
    "SourceUnreadable",
    "SpanOutside",
    "SpendingUnconfirmed",
    "StoreBusy",
    "StoreLost",
    "StoreNewer",
    "SubmitUnknown",
    "TokenWrong",
    "Unexpected",
    "UnknownCommand",
    "UnknownJob",
    "UploadFailed",
    "UploadNotFetched",
    "Withdrawn",
    "WorkLost",
    "WorkerDied",
    "all_errors",
    "from_wire",
]


def all_errors() -> Iterator[type[BridgeError]]:
    """Yield every class of the tree, parents before children, in the order of this file."""

    def walk(cls: type[BridgeError]) -> Iterator[type[BridgeError]]:
        yield cls
        for child in cls.__subclasses__():
            yield from walk(child)

    yield from walk(BridgeError)


def from_wire(wire: dict[str, str]) -> BridgeError:
    """Build the error again that `to_wire` described, for example one from a worker process."""
    for cls in all_errors():
        if cls.code == wire.get("code"):
            return cls(wire.get("text"), hint=wire.get("hint"))
    return Unexpected(wire.get("text"))
