"""The type of a stage: one step of the way of a clip, as plain data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bridge.jobs.context import VariationContext
from bridge.protocol.job import State


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way; bridge/jobs/pipeline.py has all of them in order."""

    name: str  # as in the journal and in the outbox's `stage`
    state: State | None  # what a variation is called meanwhile; None: the stage says it itself
    says: str  # the message shown when it begins
    per_clip: bool  # done once per clip, for all of its variations
    per_segment: bool  # done for each segment of a clip that is longer than the engine takes
    weight: float  # its part of the whole way, for progress
    run: Callable[
        [VariationContext], Awaitable[dict[str, Any] | None]
    ]  # its result; None: it ends outside, by a DAW's word
    says_here: str = ""  # the message where the engine works on this machine; empty: the same
