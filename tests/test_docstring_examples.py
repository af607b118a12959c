"""Tests that the public functions in bridge/audio, bridge/protocol and engines/base.py have working examples."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules(package: str) -> list[str]:
    """Return the names of a package's own modules; subpackages are left out."""
    found = importlib.import_module(package)
    return [f"{package}.{one.name}" for one in pkgutil.iter_modules(found.__path__) if not one.ispkg]


AUDIO = modules("bridge.audio")
WITH_METHODS = [*modules("bridge.protocol"), "bridge.engines.base"]  # modules whose methods need examples, too
ABSTRACT = "Engine."  # no examples needed: the methods of a Protocol do nothing


def functions_of(module: ModuleType, methods: bool) -> Iterator[tuple[str, object]]:
    """Yield the public functions defined in a module and, if `methods` is set, the public methods of its classes."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif methods and inspect.isclass(value):
            for method, function in vars(value).items():
                function = function.__func__ if isinstance(function, classmethod | staticmethod) else function
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{method}", function


def run_examples(module: str) -> doctest.TestResults:
    """Run the examples in a module and print those that fail."""
    return doctest.testmod(importlib.import_module(module), optionflags=OPTIONS)


def without_example(module: str, methods: bool = False) -> list[str]:
    """Return the public functions of a module whose docstrings have no example."""
    finder = doctest.DocTestFinder(recurse=False, exclude_empty=False)
    return [
        f"{module}.{name}"
        for name, function in functions_of(importlib.import_module(module), methods)
        if not name.startswith(ABSTRACT) and not any(test.examples for test in finder.find(function, name))
    ]


@pytest.mark.parametrize("module", [*AUDIO, *WITH_METHODS])
def test_the_examples_are_right(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_examples(module).failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("module", [*AUDIO, *WITH_METHODS])
def test_every_public_function_has_an_example(module: str) -> None:
    assert without_example(module, module in WITH_METHODS) == []


def test_missing_and_wrong_examples_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '''
def bare():
    """Do."""


def wrong():
    """Add.

    >>> 1 + 1
    3
    """


class Value:
    @classmethod
    def read(cls):
        """Read."""
'''
    (tmp_path / "some_examples.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert without_example("some_examples") == ["some_examples.bare"]
    assert without_example("some_examples", methods=True) == ["some_examples.bare", "some_examples.Value.read"]
    assert run_examples("some_examples").failed == 1
