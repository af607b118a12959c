"""Checks the tables and rows of a journal, and copies the readable rows of a damaged journal to another journal.

bridge.store.backup calls this module at every start. SQLite's own check finds damaged pages, but neither a missing
table or column nor a value that the bridge cannot read.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bridge.protocol.job import ENDED, Job, Variation
from bridge.store.migrations import STEPS, VERSION, migrate, version_of

Row = dict[str, Any]  # column → value


class Mark(msgspec.Struct):
    """The keys of a stage's marker that the bridge reads after a crash, with their types."""

    sent: bool = False
    at: float = 0.0  # unix time, s
    id: str | float = ""
    ticket: Ticket | None = None
    void: list[str | float] = []
    path: str = ""


class Ticket(msgspec.Struct):
    """The engine's ticket in a marker."""

    request_id: str
    urls: dict[str, str]


class Result(msgspec.Struct):
    """The keys of a stage's result that every reader needs, with their types."""

    path: str | None = None
    billed_units: float | None = None


class Refusal(msgspec.Struct):
    """Why a message was refused."""

    code: str
    text: str
    hint: str


def as_text(raw: bytes) -> str:
    """Return a text column's value; invalid UTF-8 makes only this value unreadable."""
    return raw.decode("utf-8", "surrogateescape")


def read_json(value: object, kind: type[Any]) -> Any:
    """Return a JSON text as a dictionary, after checking the types of the keys that `kind` lists.

    Raises:
        ValueError: the value is not JSON text, or a key has the wrong type.
    """
    found = json.loads(_text(value))
    msgspec.convert(found, kind)
    return found


def trouble(db: sqlite3.Connection) -> str | None:
    """Return what is wrong with a journal's tables and rows, as the end of a sentence; None if all can be read."""
    version, tables = version_of(db), _tables(db)
    if version > VERSION or not (version or tables):
        return None  # a newer bridge's journal, or an empty one
    if not version:
        return "has tables, but no version"
    for table, columns in _expected(version).items():
        if table not in tables:
            return f"has lost its table {table}"
        if tables[table] != columns:
            return f"has other columns in its table {table}"
    for table in KEYS if version == VERSION else ():
        broken = sum(_readable(table, row) != row for row in _rows(db, table, tables[table]))
        if broken:
            return f"has unreadable rows in its table {table} ({broken})"
    return None


def is_empty(path: Path) -> bool:
    """Return whether a database has no tables."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return not _tables(db)


def overlay(source: Path, db: sqlite3.Connection) -> int:
    """Copy the readable rows of a damaged journal over those of an older copy.

    Args:
        source: the damaged journal; SQLite may change its files.
        db: a journal of the newest version: the older copy, or an empty journal.

    Returns:
        The number of rows that could not be read.
    """
    broken = 0
    with contextlib.closing(sqlite3.connect(source)) as damaged, contextlib.suppress(sqlite3.DatabaseError):
        damaged.text_factory = as_text
        tables = _tables(damaged)
        for table in (one for one in KEYS if one in tables):
            lost = _overlay_table(damaged, db, table, tables[table])
            broken += lost
    return broken


def _overlay_table(
    damaged: sqlite3.Connection, db: sqlite3.Connection, table: str, columns: set[tuple[Any, ...]]
) -> int:
    """Copy a table's readable rows; return the number of unreadable rows."""
    found: list[Row] = []
    whole, broken = True, 0
    try:
        for row in _rows(damaged, table, columns):
            healed = _readable(table, row)
            broken += healed != row
            found += [healed] if healed is not None else []
    except sqlite3.DatabaseError:  # a damaged page; the rows up to this page were read
        whole = False
    if whole and not broken:  # the older copy adds nothing
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - a table's name
    for row in found:
        _put(db, table, row)
    return broken


def _put(db: sqlite3.Connection, table: str, row: Row) -> None:
    names, keys = list(row), KEYS[table]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    query = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608 - names
    with contextlib.suppress(sqlite3.IntegrityError):  # a value that the table does not allow
        db.execute(f"{query} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}", list(row.values()))


def _tables(db: sqlite3.Connection) -> dict[str, set[tuple[Any, ...]]]:
    """Return a database's tables, each with the name, type and constraints of every column."""
    names = [str(name) for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: {(column[1], *column[2:]) for column in db.execute("SELECT * FROM pragma_table_info(?)", (name,))}
        for name in names
        if not name.startswith("sqlite_")
    }


def _expected(version: int) -> dict[str, set[tuple[Any, ...]]]:
    """Return the tables of a version, as `_tables` does."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        migrate(db, STEPS[:version])
        return _tables(db)


def _rows(db: sqlite3.Connection, table: str, columns: set[tuple[Any, ...]]) -> Iterator[Row]:
    """Yield a table's rows, with the columns that the bridge knows.

    Raises:
        sqlite3.DatabaseError: a page of the table is damaged.
    """
    before = db.text_factory
    db.text_factory = as_text
    try:
        names = [name for name in CHECKS[table] if name in {str(column[0]) for column in columns}]
        if names:
            query = f"SELECT {', '.join(names)} FROM {table} ORDER BY rowid"  # noqa: S608 - names from this module
            for values in db.execute(query):
                yield dict(zip(names, values, strict=True))
    finally:
        db.text_factory = before


def _readable(table: str, row: Row) -> Row | None:
    """Return a row with its readable values; None if a value that the row needs cannot be read."""
    found: Row = {}
    for name, check in CHECKS[table].items():
        try:
            check(row[name])
            found[name] = row[name]
        except (ValueError, TypeError, KeyError, RecursionError):
            if name in OPTIONAL.get(table, ()):
                found[name] = None
            elif name not in DERIVED.get(table, ()):
                return None
    try:
        return found | _derived(table, found)
    except (ValueError, TypeError, KeyError):
        return None


def _derived(table: str, row: Row) -> Row:
    """Return the columns of a job or a variation that repeat a part of its value.

    Raises:
        ValueError: the value is that of another job or variation.
    """
    if table == "jobs":
        job = Job.from_json(row["value"])
        _same(job.id, row["id"])
        return {"created": job.created, "message_id": job.message_id, "instance": job.instance}
    if table == "variations":
        one = Variation.from_json(row["value"])
        _same(one.id, row["id"])
        _same(one.job_id, row["job_id"])
        return {"state": str(one.state), "open": row.get("open", int(one.state not in ENDED))}
    return {}


def _same(one: str, other: str) -> None:
    if one != other:
        raise ValueError(f"{one} is not {other}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is not text")
    value.encode()  # raises UnicodeEncodeError, a ValueError, for a text that is not UTF-8
    return value


def _number(value: object) -> None:
    if not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} is not a number")


def _flag(value: object) -> None:
    if value not in (0, 1):
        raise ValueError(f"{value!r} is neither 0 nor 1")


def _bytes(value: object) -> None:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} is not bytes")


def _variation(value: object) -> None:
    one = Variation.from_json(_text(value))
    if one.result is not None:
        msgspec.convert(one.result, Result)


def _or_null(check: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else check(value)


def _json(kind: type[Any]) -> Callable[[object], object]:
    return lambda value: read_json(value, kind)


KEYS: Mapping[str, tuple[str, ...]] = {  # table → columns of its primary key
    "messages": ("message_id",),
    "jobs": ("id",),
    "variations": ("id",),
    "stages": ("unit", "stage"),
    "ledger": ("variation_id",),
    "uploads": ("engine", "host", "sha256"),
    "instances": ("id",),
    "facts": ("key",),
}

CHECKS: Mapping[str, Mapping[str, Callable[[Any], object]]] = {  # table → column → function that raises an error
    "messages": {
        **dict.fromkeys(("message_id", "digest"), _text),
        "received": _number,
        "instance": _text,
        "body": _bytes,
        "applied": _flag,
        "refused": _or_null(_json(Refusal)),
    },
    "jobs": {
        "id": _text,
        "created": _number,
        **dict.fromkeys(("message_id", "instance"), _text),
        "value": lambda value: Job.from_json(_text(value)),
    },
    "variations": {
        **dict.fromkeys(("id", "job_id"), _text),
        "place": _number,
        "state": _text,
        "open": _flag,
        "value": _variation,
    },
    "stages": {
        **dict.fromkeys(("unit", "stage"), _text),
        "mark": _or_null(_json(Mark)),
        "result": _or_null(_json(Result)),
    },
    "ledger": {"variation_id": _text, **dict.fromkeys(("at", "cost"), _number)},
    "uploads": {**dict.fromkeys(("engine", "host", "sha256", "url"), _text), "expires": _or_null(_number)},
    "instances": {**dict.fromkeys(("id", "daw", "version", "project"), _text), "hello": _number},
    "facts": dict.fromkeys(("key", "value"), _text),
}

OPTIONAL: Mapping[str, tuple[str, ...]] = {  # columns in which an unreadable value becomes NULL
    "messages": ("refused",),
    "stages": ("mark", "result"),
    "uploads": ("expires",),
}

DERIVED: Mapping[str, tuple[str, ...]] = {  # columns that can be computed from the row's value
    "jobs": ("created", "message_id", "instance"),
    "variations": ("state", "open"),
}
