"""The outbox file as typed values, for protocol 1. The messages to the bridge are defined in request.py."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from bridge.protocol.job import Job, State, Variation


class DaemonAnswer(Struct, frozen=True, kw_only=True):
    """The daemon that writes the file."""

    version: str
    alive: bool  # false: the daemon has stopped; open jobs continue at its next start


class CostAnswer(Struct, frozen=True, kw_only=True):
    """The cost of a job."""

    currency: str  # ISO code
    estimated: float  # estimated cost in `currency`, from the seconds of audio to submit
    billed_units: float | None  # what the engine charged, in the engine's units; null: no bill yet
    billed: float | None  # billed cost in `currency`, from billed_units


class NoteAnswer(Struct, frozen=True, kw_only=True):
    """A warning about something that could not be honoured or that the user should know."""

    code: str  # stable name
    text: str  # one sentence


class ErrorAnswer(Struct, frozen=True, kw_only=True):
    """An error (see docs/errors.md)."""

    code: str  # stable name
    text: str  # what happened, and the consequences for the clip and the cost
    hint: str  # the next step


class RefusalAnswer(ErrorAnswer, frozen=True, kw_only=True):
    """The error for a message that was refused."""

    message_id: str


class PieceAnswer(Struct, frozen=True, kw_only=True):
    """The position of a clip in a combined result. Its gain and fades are already applied."""

    clip_id: str  # from the request
    at: float  # start of the clip, s after the result's source_offset
    samples: int  # the clip's length in frames, at the result's sample_rate


class ResultAnswer(Struct, frozen=True, kw_only=True):
    """The result's file."""

    path: str  # absolute
    sample_rate: int  # Hz
    samples: int  # the clip's length in frames, at sample_rate
    source_offset: float  # start of the clip in the file, s (depends on handle and alignment)
    offset_ms: float  # delay of the model's result, ms; source_offset corrects it
    fitted: str  # description of the time correction
    gain_db: float  # gain applied to match the clip's level, dB
    pieces: list[PieceAnswer]  # combined clips only: the clips' positions
    recipe: str  # path of the JSON file beside the result: the recipe, and what the model reports
    placed: bool  # whether the result has been placed, in the DAW or by the folder adapter


class VariationAnswer(Struct, frozen=True, kw_only=True):
    """One variation: a clip remixed with one seed."""

    variation_id: str
    clip_id: str  # from the request
    index: int  # number of the variation, from 0
    seed: int
    state: State  # see states.md
    reason: str | None  # why the variation waits: `slot`, `budget`, `disk`, `network` or `user`
    stage: str | None  # current or last stage
    progress: float  # 0 to 1, over all stages
    message: str  # progress in words
    queue_position: int | None  # submissions ahead of this one in the engine's queue
    result: dict[str, Any] | None  # a ResultAnswer, once the file is on disk
    error: dict[str, str] | None  # an ErrorAnswer


class JobAnswer(Struct, frozen=True, kw_only=True):
    """An open or recently finished job of this instance."""

    job_id: str
    message_id: str  # ID of the message that requested the job
    repeats: list[str]  # IDs of the latest messages that repeated it, as from a held key; they created no job
    state: State  # see states.md
    engine: str  # name of the engine
    cost: CostAnswer
    warnings: list[dict[str, str]]  # NoteAnswers
    variations: list[VariationAnswer]  # every variation of every clip, in order


class AskAnswer(Struct, frozen=True, kw_only=True):
    """A control surface's request to this DAW."""

    id: str
    command: str  # "selection": answer with a `selection` message within a second


class OutboxFile(Struct, frozen=True, kw_only=True):
    """The outbox file of an instance: `outbox/<instance>.json`, always replaced atomically."""

    protocol: int
    instance: str
    updated: float  # Unix time, s
    daemon: DaemonAnswer
    jobs: list[JobAnswer]  # oldest first
    place: list[str]  # variation_ids for this instance to place now
    ask: AskAnswer | None  # a control surface's request to this DAW
    errors: list[RefusalAnswer]  # errors of this instance's latest refused messages


def variation_answer(variation: Variation) -> VariationAnswer:
    """Return a variation as the outbox shows it.

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
    """Return a job's cost as the outbox shows it.

    >>> job = Job("j", "m", "i", "reaper", "", "fal", 7, 0.0, {}, {}, 0.0002, "USD", (8.0,), 2)
    >>> cost_answer(job)
    CostAnswer(currency='USD', estimated=0.0032, billed_units=None, billed=None)
    """
    return CostAnswer(currency=job.currency, estimated=job.estimated, billed_units=job.billed_units, billed=job.billed)
