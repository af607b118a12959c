"""What was taken on: jobs and their variations, the states they can be in, and the only ways between them."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


class State(enum.StrEnum):
    """Where a variation stands; a job uses the same words."""

    NEW = "new"  # taken on, nothing done yet
    WAITING = "waiting"  # cannot go on just now; `reason` says why: slot budget disk network user
    RENDERING = "rendering"  # the clip's span is being read
    UPLOADING = "uploading"  # the clip is on its way to the engine
    SUBMITTING = "submitting"  # the order is on its way; the only moment whose loss is `unknown`
    QUEUED = "queued"  # the engine has it, others are before it
    RUNNING = "running"  # the model works
    FETCHING = "fetching"  # the result is on its way back
    FITTING = "fitting"  # rate, length and level are being matched
    READY = "ready"  # paid and on disk, no DAW there to take it
    PLACING = "placing"  # offered to a DAW, not confirmed yet
    DONE = "done"  # the DAW has it, or the user was told where the file lies
    FAILED = "failed"  # an error; `retry` goes on from the stage that failed
    CANCELLED = "cancelled"  # stopped at the user's word
    UNKNOWN = "unknown"  # the order's answer was lost: it may be running and it may be billed
    PARTIAL = "partial"  # of a job only: its variations ended differently


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.UNKNOWN})

# What a variation's `result` takes from the finished file's own result, where it is there; `placed` comes with it.
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

# Each working state may go on to any later one (finished stages are skipped after a restart), may have to wait, and may
# end badly. What ended goes back only by `retry`, through WAITING, or forward when a DAW says that it is there.
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
    """A variation was asked to go a way that the table does not have: a defect of the program."""


def check_transition(before: State, after: State) -> None:
    """Raise `IllegalTransition` unless a variation may go from `before` to `after`. Staying is always legal.

    >>> check_transition(State.RUNNING, State.FETCHING)
    >>> check_transition(State.DONE, State.RUNNING)
    Traceback (most recent call last):
    bridge.protocol.job.IllegalTransition: done → running
    """
    if after is not before and after not in TRANSITIONS[before]:
        raise IllegalTransition(f"{before} → {after}")


@dataclass(frozen=True, slots=True)
class Variation:
    """One clip × one seed: one submit to a model, one result, one thing to place."""

    id: str  # uuid
    job_id: str  # the job it belongs to
    clip_id: str  # the clip's id as the DAW gave it
    clip_index: int  # position of the clip in the request
    index: int  # k, from 0
    seed: int  # seed of the job + k mod 2^32
    state: State = State.NEW
    reason: str = ""  # why it waits: slot budget disk network user
    stage: str = ""  # the stage it is in, or ended in
    progress: float = 0.0  # 0..1 of the whole way
    message: str = ""  # plain words for people
    queue_position: int | None = None  # jobs ahead of it at the engine
    result: Mapping[str, Any] | None = None  # the outbox's `result`
    error: Mapping[str, str] | None = None  # code, text, hint
    cancel_asked: bool = False  # the user wants it stopped
    ordered: bool = False  # an order stands at the engine, or its result is here: nothing goes before it
    placed_by: str = ""  # the instance that is asked to place it, or did
    handed_over: bool = False  # a DAW or the user has the result's path: the file belongs to them

    def to_json(self) -> str:
        """Return the variation as one line of JSON, as the database and the job's folder store it.

        >>> Variation("v", "j", "clip-1", 0, 0, seed=7).to_json()[:32]
        '{"id": "v", "job_id": "j", "clip'
        """
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the variation that `to_json` wrote.

        >>> variation = Variation("v", "j", "clip-1", 0, 0, seed=7)
        >>> Variation.from_json(variation.to_json()) == variation
        True
        """
        fields = json.loads(text)
        return cls(**fields | {"state": State(fields["state"])})


@dataclass(frozen=True, slots=True)
class Job:
    """A request taken on."""

    id: str  # uuid
    message_id: str  # the message that asked for it
    instance: str  # the instance that asked for it
    daw: str  # name of the DAW adapter: folder ardour reaper live
    project: str  # the DAW project's path or name, to find it again
    engine: str  # decided once, when the job is taken on
    seed: int  # seed of variation 0
    created: float  # unix time, s
    request: Mapping[str, Any]  # the remix args as they came, unknown keys included
    recipe: Mapping[str, Any]  # everything needed to make the result again, see jobs/recipe.py
    price: float  # money per second of audio that is sent
    currency: str  # ISO code
    seconds: tuple[float, ...]  # what is sent of each clip, s; as asked at first, as rendered later, 0: not known yet
    each: int  # variations of each clip
    bills: Mapping[str, float] = field(default_factory=dict)  # variation → what the engine said it charged, its units
    warnings: tuple[Mapping[str, str], ...] = ()  # code and text of what could not be honoured

    def to_json(self) -> str:
        """Return the job as one line of JSON, as the database and the job's folder store it.

        >>> job = Job("j", "m", "i", "reaper", "", "fal", 7, 0.0, {}, {}, 0.0002, "USD", (8.0,), 1)
        >>> job.to_json()[:30]
        '{"id": "j", "message_id": "m",'
        """
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that `to_json` wrote.

        >>> job = Job("j", "m", "i", "reaper", "", "fal", 7, 0.0, {}, {}, 0.0002, "USD", (8.0,), 1)
        >>> Job.from_json(job.to_json()) == job
        True
        """
        fields = json.loads(text)
        return cls(**fields | {name: tuple(fields[name]) for name in ("warnings", "seconds")})

    @property
    def estimated(self) -> float:
        """Money that the whole job is expected to cost: over the seconds really sent."""
        return round(sum(self.seconds) * self.each * self.price, 6)

    @property
    def billed_units(self) -> float | None:
        """What the engine said it charged so far, in its units (fal: seconds); None while no bill has come."""
        return sum(self.bills.values()) if self.bills else None

    @property
    def billed(self) -> float | None:
        """The same as money."""
        return None if self.billed_units is None else round(self.billed_units * self.price, 6)

    @property
    def cost(self) -> float:
        """What was billed, or the estimate while no bill has come."""
        return self.estimated if self.billed is None else self.billed


def of_segment(unit: str, segment: int) -> str:
    """Return the name under which a segment of a unit is stored; the first has the unit's own.

    >>> of_segment("1a2b", 0), of_segment("1a2b", 1)
    ('1a2b', '1a2b/2')

    Args:
        unit: a variation's id, or "job id/clip index".
        segment: which part of a long clip, from 0.
    """
    return f"{unit}/{segment + 1}" if segment else unit


def job_state(states: Iterable[State]) -> State:
    """Sum up the states of a job's variations in one word.

    While anything is open the job is as far as its furthest open variation; at the end it is the common state, or
    PARTIAL where they differ.

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
