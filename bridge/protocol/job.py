"""Jobs and their variations, their states, and the allowed transitions between states."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec


class State(enum.StrEnum):
    """The state of a variation or a job."""

    NEW = "new"  # accepted, not started
    WAITING = "waiting"  # cannot continue at the moment; `reason` is `slot`, `budget`, `disk`, `network` or `user`
    RENDERING = "rendering"  # reading the clip's audio
    UPLOADING = "uploading"  # uploading the clip to the engine
    SUBMITTING = "submitting"  # submitting to the engine; if the answer is lost, the next state is `unknown`
    QUEUED = "queued"  # waiting in the engine's queue
    RUNNING = "running"  # the model is running
    FETCHING = "fetching"  # downloading the result
    FITTING = "fitting"  # matching rate, length and level
    READY = "ready"  # the result is on disk, but no DAW is connected to place it
    PLACING = "placing"  # offered to a DAW, which has not confirmed the placement yet
    DONE = "done"  # placed in the DAW, or the user has the file's path
    FAILED = "failed"  # an error; `retry` resumes at the failed stage
    CANCELLED = "cancelled"  # cancelled by the user
    UNKNOWN = "unknown"  # the answer to the submission was lost; the remix may be running and may be billed
    PARTIAL = "partial"  # jobs only: the variations ended in different states


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.UNKNOWN})

# The keys that a variation's `result` takes from the answer of the `fit` stage, if present there; `placed` is added.
SHOWN = ("path", "sample_rate", "samples", "source_offset", "offset_ms", "fitted", "gain_db", "recipe", "pieces")

_WORK = (
    State.RENDERING,
    State.UPLOADING,
    State.SUBMITTING,
    State.QUEUED,
    State.RUNNING,
    State.FETCHING,
    State.FITTING,
)

# A working state may change to any later state (a restart skips finished stages), to WAITING, or to an ended state. An
# ended variation changes only to WAITING, by `retry`, or to DONE, when a DAW reports that it placed the result.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.NEW: frozenset({State.WAITING, State.CANCELLED, State.FAILED, *_WORK}),
    State.WAITING: frozenset(
        {*_WORK, State.READY, State.PLACING, State.DONE, State.CANCELLED, State.FAILED, State.UNKNOWN}
    ),
    **{
        state: frozenset(
            {
                *_WORK[index + 1 :],
                State.WAITING,
                State.READY,
                State.PLACING,
                State.DONE,
                State.FAILED,
                State.CANCELLED,
                State.UNKNOWN,
            }
        )
        for index, state in enumerate(_WORK)
    },
    State.READY: frozenset({State.PLACING, State.DONE, State.FAILED, State.CANCELLED, State.WAITING}),
    State.PLACING: frozenset({State.READY, State.DONE, State.FAILED, State.CANCELLED, State.WAITING}),
    State.DONE: frozenset(),
    State.FAILED: frozenset({State.WAITING, State.DONE}),  # DONE: a DAW placed it after all
    State.CANCELLED: frozenset({State.WAITING, State.DONE}),
    State.UNKNOWN: frozenset({State.WAITING, State.CANCELLED}),
}


class IllegalTransition(RuntimeError):
    """A transition that TRANSITIONS does not allow, because of a bug."""


def check_transition(before: State, after: State) -> None:
    """Raise `IllegalTransition` unless a variation may change from `before` to `after`. Equal states are always valid.

    >>> check_transition(State.RUNNING, State.FETCHING)
    >>> check_transition(State.DONE, State.RUNNING)
    Traceback (most recent call last):
    bridge.protocol.job.IllegalTransition: done → running
    """
    if after is not before and after not in TRANSITIONS[before]:
        raise IllegalTransition(f"{before} → {after}")


@dataclass(frozen=True, slots=True)
class Variation:
    """One clip remixed with one seed, which gives one result to place."""

    id: str  # UUID
    job_id: str  # ID of the variation's job
    clip_id: str  # the DAW's ID of the clip
    clip_index: int  # position of the clip in the request
    index: int  # k, the number of the variation, from 0
    seed: int  # (the job's seed + k) mod 2^32
    state: State = State.NEW
    reason: str = ""  # why the variation waits: slot, budget, disk, network or user
    stage: str = ""  # current or last stage
    progress: float = 0.0  # 0 to 1, over all stages
    message: str = ""  # progress in words
    queue_position: int | None = None  # submissions ahead of this one in the engine's queue
    result: Mapping[str, Any] | None = None  # `result` in the outbox
    error: Mapping[str, str] | None = None  # code, text, hint
    cancel_asked: bool = False  # whether the user cancelled the variation
    ordered: bool = False  # whether it was submitted or has its result; if so, it runs before others
    placed_by: str = ""  # instance that places or has placed the result
    handed_over: bool = False  # whether a DAW or the user has the result's path and so owns the file

    def to_json(self) -> str:
        """Return the variation as one line of JSON for the database and the job's folder.

        >>> Variation("v", "j", "clip-1", 0, 0, seed=7).to_json()[:32]
        '{"id": "v", "job_id": "j", "clip'
        """
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild a variation from `to_json`; raise ValueError if it is not JSON or a value has the wrong type.

        >>> variation = Variation("v", "j", "clip-1", 0, 0, seed=7)
        >>> Variation.from_json(variation.to_json()) == variation
        True
        """
        return msgspec.convert(json.loads(text), cls)


@dataclass(frozen=True, slots=True)
class Job:
    """An accepted request."""

    id: str  # UUID
    message_id: str  # ID of the message that requested the job
    instance: str  # the instance that sent the request
    daw: str  # DAW adapter: folder ardour reaper live
    project: str  # path or name of the DAW's project
    engine: str  # chosen when the job is accepted
    seed: int  # seed of variation 0
    created: float  # unix time, s
    request: Mapping[str, Any]  # the arguments of `remix` as received, with unknown keys
    recipe: Mapping[str, Any]  # everything needed to make the result again, see jobs/recipe.py
    price: float  # price in `currency` per second of submitted audio
    currency: str  # ISO code
    seconds: tuple[float, ...]  # audio to submit per clip, s: as requested, later as rendered; 0: not yet known
    each: int  # variations of each clip
    bills: Mapping[str, float] = field(default_factory=dict)  # the engine's charges by variation, in the engine's units
    warnings: tuple[Mapping[str, str], ...] = ()  # code and text of everything that could not be honoured
    repeats: tuple[str, ...] = ()  # IDs of the latest messages that repeated the request, as from a held key

    def to_json(self) -> str:
        """Return the job as one line of JSON for the database and the job's folder.

        >>> job = Job("j", "m", "i", "reaper", "", "fal", 7, 0.0, {}, {}, 0.0002, "USD", (8.0,), 1)
        >>> job.to_json()[:30]
        '{"id": "j", "message_id": "m",'
        """
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild a job from `to_json`; raise ValueError if it is not JSON or a value has the wrong type.

        >>> job = Job("j", "m", "i", "reaper", "", "fal", 7, 0.0, {}, {}, 0.0002, "USD", (8.0,), 1)
        >>> Job.from_json(job.to_json()) == job
        True
        """
        return msgspec.convert(json.loads(text), cls)

    @property
    def estimated(self) -> float:
        """The job's expected cost, from the seconds of audio to submit."""
        return round(sum(self.seconds) * self.each * self.price, 6)

    @property
    def billed_units(self) -> float | None:
        """The engine's charges so far, in the engine's units (fal: seconds); None until the first bill."""
        return sum(self.bills.values()) if self.bills else None

    @property
    def billed(self) -> float | None:
        """The engine's charges so far, as money; None until the first bill."""
        return None if self.billed_units is None else round(self.billed_units * self.price, 6)

    @property
    def cost(self) -> float:
        """The billed cost; until the first bill, the estimated cost."""
        return self.estimated if self.billed is None else self.billed


def of_segment(unit: str, segment: int) -> str:
    """Return the name under which a segment of a unit is stored. The first segment has the unit's own name.

    >>> of_segment("1a2b", 0), of_segment("1a2b", 1)
    ('1a2b', '1a2b/2')

    Args:
        unit: a variation's ID, or "job ID/clip index".
        segment: index of the segment, from 0.
    """
    return f"{unit}/{segment + 1}" if segment else unit


def job_state(states: Iterable[State]) -> State:
    """Return a job's state from its variations' states.

    An open job has the state of its most advanced open variation. An ended job has the state that all its variations
    share, or PARTIAL.

    >>> str(job_state([State.DONE, State.RUNNING])), str(job_state([State.DONE, State.FAILED]))
    ('running', 'partial')
    """
    found = list(states)
    if not found:
        return State.FAILED
    open_states = [state for state in found if state not in ENDED]
    if open_states:
        order = list(State)
        return max(open_states, key=order.index)
    return found[0] if len(set(found)) == 1 else State.PARTIAL
