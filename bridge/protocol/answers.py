"""What is answered, as typed values: the outbox file, protocol 1. The other half of `request.py`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from bridge.protocol.job import Job, State, Variation


class DaemonAnswer(Struct, frozen=True, kw_only=True):
    """Who writes the file."""

    version: str
    alive: bool  # false: the daemon has stopped; what is open goes on at its next start


class CostAnswer(Struct, frozen=True, kw_only=True):
    """What a job costs."""

    currency: str  # ISO code
    estimated: float  # over the seconds really sent
    billed_units: float | None  # what the engine said it charged, in its units
    billed: float | None  # money, from billed_units; null: no bill has come


class NoteAnswer(Struct, frozen=True, kw_only=True):
    """Something that could not be honoured, or that a person should know."""

    code: str  # stable name
    text: str  # one sentence


class ErrorAnswer(Struct, frozen=True, kw_only=True):
    """An error, see errors.md."""

    code: str  # stable name
    text: str  # what happened, and what it means for the clip and the money
    hint: str  # the next step


class RefusalAnswer(ErrorAnswer, frozen=True, kw_only=True):
    """A message that has no effect."""

    message_id: str


class PieceAnswer(Struct, frozen=True, kw_only=True):
    """Where a clip lies in a result that was made of several as one; its gain and fades are in the sound."""

    clip_id: str  # as the request named it
    at: float  # s after the result's source_offset
    samples: int  # frames of it, at the result's sample_rate


class ResultAnswer(Struct, frozen=True, kw_only=True):
    """The file that is to be placed, or was."""

    path: str  # absolute
    sample_rate: int  # Hz
    samples: int  # frames of the clip in it, at sample_rate
    source_offset: float  # s into the file at which the clip begins: the handle before it, and the alignment
    offset_ms: float  # how late the model's result was, already corrected in source_offset
    fitted: str  # what was measured and done about time, in words
    gain_db: float  # what was done to its level
    pieces: list[PieceAnswer]  # only of clips that were remixed as one: to cut it back to them
    recipe: str  # the JSON file beside it that says how it was made
    placed: bool  # whether it stands in the DAW, or for folders in its place


class VariationAnswer(Struct, frozen=True, kw_only=True):
    """One clip × one seed."""

    variation_id: str
    clip_id: str  # as the request named it
    index: int  # k, from 0
    seed: int
    state: State  # see states.md
    reason: str | None  # why it waits: slot budget disk network user
    stage: str | None  # the stage it is in, or ended in
    progress: float  # 0..1 of the whole way
    message: str  # a line for people
    queue_position: int | None  # orders before it at the engine
    result: dict[str, Any] | None  # a ResultAnswer, once it is on disk
    error: dict[str, str] | None  # an ErrorAnswer


class JobAnswer(Struct, frozen=True, kw_only=True):
    """One job of this instance: open, or among the last finished."""

    job_id: str
    message_id: str  # the message that asked for it
    state: State  # see states.md
    engine: str  # who makes it
    cost: CostAnswer
    warnings: list[dict[str, str]]  # NoteAnswers
    variations: list[VariationAnswer]  # clips × variations, in order


class AskAnswer(Struct, frozen=True, kw_only=True):
    """A surface wants something of this DAW."""

    id: str
    command: str  # "selection": send a `selection` message, within a second


class OutboxFile(Struct, frozen=True, kw_only=True):
    """One file per instance, `outbox/<instance>.json`, replaced whole."""

    protocol: int
    instance: str
    updated: float  # unix time, s
    daemon: DaemonAnswer
    jobs: list[JobAnswer]  # oldest first
    place: list[str]  # variation_ids that this instance is asked to place now
    ask: AskAnswer | None  # what a surface wants of this DAW
    errors: list[RefusalAnswer]  # messages of this instance that have no effect, the last ones


def variation_answer(variation: Variation) -> VariationAnswer:
    """Return what the outbox says of a variation.

    >>> answer = variation_answer(Variation("v", "j", "clip-1", 0, 0, seed=7))
    >>> answer.clip_id, str(answer.state), answer.result
    ('clip-1', 'new', None)
    """
    return VariationAnswer(
        variation_id=variation.id,
        clip_id=variation.clip_id,
        index=variation.index,
        seed=variation.seed,
        state=variation.state,
        reason=variation.reason or None,
        stage=variation.stage or None,
        progress=variation.progress,
        message=variation.message,
        queue_position=variation.queue_position,
        result=dict(variation.result) if variation.result else None,
        error=dict(variation.error) if variation.error else None,
    )


def cost_answer(job: Job) -> CostAnswer:
    """Return what the outbox says of a job's cost.

    >>> job = Job("j", "m", "i", "reaper", "", "fal", 7, 0.0, {}, {}, 0.0002, "USD", (8.0,), 2)
    >>> cost_answer(job)
    CostAnswer(currency='USD', estimated=0.0032, billed_units=None, billed=None)
    """
    return CostAnswer(currency=job.currency, estimated=job.estimated, billed_units=job.billed_units, billed=job.billed)
