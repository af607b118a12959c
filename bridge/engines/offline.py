"""The offline engine: signal processing on this machine, without ACE-Step. It is the default if there is no fal key.

It implements `base.Engine` with the worker task "offline". `submit` stores the order in the variation's folder,
so that `follow` can be repeated after a restart. The styles are in bridge/audio/offline and are described in
docs/offline.md.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bridge.engines.base import CancelAnswer, Capabilities, Order, Output, Report, Ticket, Uploaded
from bridge.errors import Withdrawn
from bridge.util import busy_files
from bridge.util.atomic import explained, settle, write_json

CAPABILITIES = Capabilities(
    name="offline",
    label="offline remix (signal processing, not ACE-Step)",
    ace_step=False,
    remote=False,
    honours=frozenset({"tags", "seed", "amount"}),
    inert=frozenset(),
    longest=3600.0,
    price_per_second=0.0,
    currency="USD",
    submit_once=False,
)

ORDER = "offline.json"  # file with the task's arguments, in the variation's folder
RESULT = "offline.wav"  # the remix, in the same folder
ANSWER = "offline.done.json"  # the task's answer, in the same folder; written after the remix


class Runner(Protocol):
    """The part of `bridge.workers.pool.Workers` that the engine uses."""

    async def run(
        self, task: str, args: Mapping[str, Any], progress: Callable[[float], None] | None = None
    ) -> dict[str, Any]: ...


class OfflineEngine:
    """The offline engine, which works in worker processes. A ticket's ID is the path of the variation's folder."""

    def __init__(self, workers: Runner) -> None:
        self.capabilities = CAPABILITIES
        self._workers = workers
        self._running: dict[str, asyncio.Task[dict[str, Any]]] = {}  # by request id
        self._withdrawn: set[str] = set()  # request ids that were cancelled

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        """Return the clip's path; nothing leaves this machine."""
        del sha256
        report(fraction=1.0, message="the clip stays on this machine")
        return Uploaded(str(path), self.capabilities.upload_host, None)

    async def submit(self, order: Order) -> Ticket:
        """Write the order to the variation's folder and delete any earlier result there.

        Raises:
            HomeError: the folder cannot be written.
        """
        folder = order.scratch
        await asyncio.to_thread(_write_order, folder, arguments(order))
        self._withdrawn.discard(str(folder))
        return Ticket(str(folder))

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        """Make the remix, or return the one finished before a restart.

        Raises:
            Withdrawn: the remix was cancelled.
            BridgeError: the task failed.
        """
        folder = Path(ticket.request_id)
        answer = await asyncio.to_thread(_read, folder / ANSWER)
        if answer is None or not (folder / RESULT).exists():
            answer = await self._make(ticket.request_id, order, report)
            await asyncio.to_thread(write_json, folder / ANSWER, answer)
        text = f"No tag names a style of the offline engine, so it chose {answer['family']}."
        warnings = () if answer["chosen"] else ({"code": "style_unknown", "text": text},)
        return Output(str(folder / RESULT), answer["seed"], None, answer, warnings)

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        """Create `into` as a hard link to the remix, or as a copy if hard links are impossible. Safe to repeat.

        Raises:
            HomeError: `into` cannot be written.
        """
        with explained(into):
            await asyncio.to_thread(_link, Path(output.url), into)
        report(fraction=1.0)

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Stop the task unless it has finished; after a stop, `follow` raises `Withdrawn`."""
        name = ticket.request_id
        if (Path(name) / ANSWER).exists():
            return CancelAnswer.TOO_LATE
        if not (Path(name) / ORDER).exists():
            return CancelAnswer.UNKNOWN
        self._withdrawn.add(name)
        if name in self._running:
            self._running[name].cancel()
        return CancelAnswer.REMOVED

    async def aclose(self) -> None:
        """Stop all running tasks; after a restart, `follow` repeats them."""
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _make(self, name: str, order: Order, report: Report) -> dict[str, Any]:
        """Run the task, rename its output file to RESULT, and return the task's answer.

        Raises:
            Withdrawn: `cancel` was called.
        """
        if name in self._withdrawn:
            raise Withdrawn
        args = await asyncio.to_thread(_read, Path(name) / ORDER) or arguments(order)
        report(running=True, fraction=0.0, message="offline remix, not ACE-Step")
        work = asyncio.ensure_future(self._workers.run("offline", args, lambda share: report(fraction=share)))
        self._running[name] = work
        try:
            answer = await work
        except asyncio.CancelledError:
            if name in self._withdrawn:
                raise Withdrawn from None
            raise
        finally:
            work.cancel()
            del self._running[name]
        await asyncio.to_thread(settle, Path(args["into"]), Path(name) / RESULT)
        report(fraction=1.0, message=answer["description"])
        return answer


def arguments(order: Order) -> dict[str, Any]:
    """Return the task's arguments for an order."""
    return {
        "source": order.audio_url,
        "into": str(order.scratch / f"{RESULT}.part"),
        "tags": order.params.get("tags", ""),
        "lyrics": order.params.get("lyrics", ""),
        "seed": seed_of(order),
        "amount": order.amount,
        "tempo": order.tempo,
        "beats": list(order.beats),
        "downbeats": list(order.downbeats),
        "family": order.family,
    }


def seed_of(order: Order) -> int:
    """Return the order's seed plus a number derived from the preset's name, so that presets of a family differ."""
    shift = zlib.crc32(order.preset.encode())  # 0 without a preset
    return (int(order.params.get("seed", 0)) + shift) % 2**32


def _write_order(folder: Path, args: Mapping[str, Any]) -> None:
    """Delete any earlier result, then write the order's arguments."""
    with explained(folder):
        busy_files.remove(folder / ANSWER, missing_ok=True)
        busy_files.remove(folder / RESULT, missing_ok=True)
    write_json(folder / ORDER, args)


def _link(made: Path, into: Path) -> None:
    busy_files.remove(into, missing_ok=True)
    try:
        into.hardlink_to(made)
    except OSError:  # the file system has no hard links
        shutil.copyfile(made, into)


def _read(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, or None if there is no file."""
    try:
        found: dict[str, Any] = json.loads(busy_files.read(path))
    except FileNotFoundError:
        return None
    return found
