"""The type of a pipeline stage, as plain data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bridge.jobs.context import VariationContext
from bridge.protocol.job import State


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline; bridge/jobs/pipeline.py lists all stages in order."""

    name: str  # name in the journal and in the outbox's `stage` field
    state: State | None  # the variation's state during the stage; None: the stage sets the state itself
    says: str  # message shown when the stage starts
    per_clip: bool  # whether the stage runs once per clip, for all variations of the clip
    per_segment: bool  # whether the stage runs once per segment of a long clip
    weight: float  # the stage's share of the pipeline's progress, 0..1
    run: Callable[[VariationContext], Awaitable[dict[str, Any] | None]]  # returns None if a DAW must still confirm
    says_here: str = ""  # the message for an engine on this machine; empty: use `says`
