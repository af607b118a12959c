"""Pytest hooks that decide which tests can run on this machine, in which order and on which worker.

The fast tier contains every test that has neither of the markers `needs` and `slow`. `tests/parts.py` lists the names
that `needs` accepts.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

from tests.parts import PARTS, missing, part_of

SYSTEMS = {"posix": "posix", "windows": "nt"}  # argument of the marker `only_on` → os.name

# The slowest files, which start first. Otherwise one worker might still be busy after all others have finished.
LONGEST = (
    "tests/system/test_crash_matrix.py",
    "tests/system/test_long_clips.py",
    "tests/system/test_an_hour.py",
    "tests/system/test_fault_matrix.py",
    "tests/system/test_restart.py",
    "tests/daws/ardour/test_actions.py",
    "tests/daws/ardour/test_round_trip.py",
    "tests/daws/ardour/test_while_it_runs.py",
    "tests/midi/test_midi_jack.py",
    "tests/daws/reaper/test_reaper_whole_way.py",
    "tests/audio/test_audio_files.py",
    "tests/workers/tasks/test_render.py",
    "tests/audio/offline/test_offline_remix.py",
    "tests/daws/live/test_live_whole_way.py",
    "tests/cli/test_command_line.py",
    "tests/system/test_fuzz.py",
    "tests/system/test_bad_input.py",
    "tests/test_docs.py",
    "tests/jobs/test_length_rule.py",
    "tests/store/test_lost_journal.py",
)


def parts_of(item: pytest.Item) -> tuple[str, ...]:
    """Return the names of the parts that a test needs."""
    found = tuple(name for mark in item.iter_markers("needs") for name in mark.args)
    unknown = set(found) - set(PARTS)
    if unknown or any(mark.kwargs or not mark.args for mark in item.iter_markers("needs")):
        raise pytest.UsageError(f"{item.nodeid}: needs() takes one or more of {', '.join(PARTS)}")
    return found


def is_for(item: pytest.Item, system: str) -> bool:
    """Return whether a test is for a kind of system: "posix" or "nt", the values of `os.name`."""
    marks = list(item.iter_markers("only_on"))
    if any(len(mark.args) != 1 or mark.args[0] not in SYSTEMS or set(mark.kwargs) - {"because"} for mark in marks):
        raise pytest.UsageError(f"{item.nodeid}: only_on() takes one of {', '.join(SYSTEMS)}, and a reason")
    return all(SYSTEMS[mark.args[0]] == system for mark in marks)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out the tests for other systems, put the slowest files first, and check markers and test names."""
    others = [item for item in items if not is_for(item, os.name)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]
    for item in items:
        parts_of(item)
        _check_name(item)
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(_file(item.nodeid), len(rank)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test if this machine lacks something it needs. In a run of `scripts/test --all`, a skip is a failure."""
    for name in parts_of(item):
        lacking = missing(name)
        if lacking:
            pytest.skip(f"needs {name}; not found here: {', '.join(lacking)}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Record a test's part for the XML report, and start measuring the CPU time of the test and its processes."""
    item.user_properties.append(("part", part_of(parts_of(item), slow=item.get_closest_marker("slow") is not None)))
    item.stash[_STARTED] = sum(os.times()[:4])
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    try:
        yield
    finally:
        item.user_properties.append(("cpu", f"{sum(os.times()[:4]) - item.stash[_STARTED]:.2f}"))


def pytest_make_parametrize_id(val: object) -> str | None:
    """For a set, return an ID made of the sorted elements, so that a test has the same name on every worker."""
    if isinstance(val, set | frozenset):
        return "-".join(sorted(str(one) for one in val)) or "none"
    return None


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Escape lone surrogates in a report, because UTF-8, in which workers send reports, cannot encode them."""
    return _encodable((yield))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers: one more than there are cores, because many tests wait for other processes."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    if config.getoption("dist") != "loadfile":
        return None
    from tests.scheduler import FileScheduling

    return FileScheduling(config, log)


_STARTED = pytest.StashKey[float]()


def _check_name(item: pytest.Item) -> None:
    """Reject a test name that contains a set, because workers order the set differently and xdist would stop."""
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    if any(isinstance(value, set | frozenset) and len(value) > 1 and str(value) in item.name for value in values):
        raise pytest.UsageError(f"{item.nodeid}: leave out `ids`, and the set is named by its sorted elements")


def _file(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_encodable(one) for one in value)
    return value
