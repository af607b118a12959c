"""Public functions of the protocol and the values of an engine have an example in their docstring that runs."""

from __future__ import annotations

import dataclasses
import doctest
import enum
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from bridge.engines import base
from bridge.protocol import answers, job, request

MODULES = (answers, job, request)


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the public functions that a module defines, and the public methods of its classes."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            for method, function in vars(value).items():
                if not method.startswith("_") and isinstance(function, classmethod | staticmethod):
                    yield f"{name}.{method}", function.__func__
                elif not method.startswith("_") and inspect.isfunction(function):
                    yield f"{name}.{method}", function


def values(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the dataclasses and enumerations that a module defines."""
    for name, value in vars(module).items():
        is_own = inspect.isclass(value) and value.__module__ == module.__name__
        if is_own and (dataclasses.is_dataclass(value) or issubclass(value, enum.Enum)):
            yield name, value


CASES = [(module, *found) for module in MODULES for found in public(module)]
CASES += [(base, *found) for found in (*public(base), *values(base)) if "Engine." not in found[0]]


def failures(module: ModuleType, name: str, what: Any) -> int | None:
    """Run the examples of one docstring; return how many fail, None if there are none."""
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(what) or "", dict(vars(module)), name, None, 0)
    return doctest.DocTestRunner(verbose=False).run(test).failed if test.examples else None


@pytest.mark.parametrize(("module", "name", "what"), CASES, ids=[name for _, name, _ in CASES])
def test_the_docstring_has_an_example_that_runs(module: ModuleType, name: str, what: Any) -> None:
    assert failures(module, name, what) == 0


def test_all_are_looked_at() -> None:
    names = {name for _, name, _ in CASES}
    assert {"parse", "decode", "job_state", "Job.from_json", "cost_answer", "Order", "CancelAnswer"} <= names


def test_a_missing_and_a_wrong_example_are_found() -> None:
    def without() -> None:
        """No example."""

    def wrong() -> None:
        """Adds up.

        >>> 1 + 1
        3
        """

    assert failures(base, "without", without) is None
    assert failures(base, "wrong", wrong) == 1
