"""Scenes for fault_scenes.py: damaged journals, and entries in the home that are not what they should be."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator

from tests.fakes.fault_bench import Bench
from tests.fakes.fault_scenes import scene


async def _restarted(bench: Bench, *statements: str) -> None:
    """Stop the bridge while the model runs, change the journal, and start the bridge again."""
    await bench.open()
    await bench.running()
    await bench.close()
    db = sqlite3.connect(bench.home / "bridge.db", isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()
    bench.fal.release()
    await bench.open()


@scene
async def journal_row(bench: Bench) -> AsyncIterator[None]:
    await _restarted(bench, "UPDATE jobs SET value = '{'", "UPDATE stages SET mark = '[' WHERE mark IS NOT NULL")
    yield


@scene
async def journal_table(bench: Bench) -> AsyncIterator[None]:
    await _restarted(bench, "DROP TABLE variations")
    yield


@scene
async def journal_version(bench: Bench) -> AsyncIterator[None]:
    await _restarted(bench, "PRAGMA user_version = 0")
    yield


@scene
async def journal_folder(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    await bench.close()
    for path in bench.home.glob("bridge.db*"):
        path.unlink()
    (bench.home / "bridge.db").mkdir()
    bench.fal.release()
    await bench.open()
    yield


@scene
async def outbox_folder(bench: Bench) -> AsyncIterator[None]:
    (bench.home / "outbox" / "other.json").mkdir()
    (bench.home / "outbox" / "link.json").symlink_to("nowhere")
    await bench.open()
    await bench.remix()
    yield
