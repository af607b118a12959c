"""The type of a pipeline stage, as plain data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bridge.jobs.context import VariationContext
from bridge.protocol.job import State


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline; bridge/jobs/pipeline.py lists all of them in order."""

    name: str  # as in the journal and in the outbox's `stage`
    state: State | None  # the variation's state during the stage; None: the stage sets it itself
    says: str  # the message at its start
    per_clip: bool  # runs once per clip, for all its variations
    per_segment: bool  # runs once per segment of a long clip
    weight: float  # its fraction of the whole pipeline, for progress
    run: Callable[[VariationContext], Awaitable[dict[str, Any] | None]]  # result; None: a DAW has still to confirm it
    says_here: str = ""  # the message if the engine runs on this machine; empty: the same
