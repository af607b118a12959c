"""Runs the examples in a package's docstrings, and lists the public functions that have none."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules(package: str) -> list[str]:
    """Return the names of a package's own modules, or the module's own name; subpackages are left out."""
    found = importlib.import_module(package)
    if not hasattr(found, "__path__"):
        return [package]
    return [f"{package}.{one.name}" for one in pkgutil.iter_modules(found.__path__) if not one.ispkg]


def run_examples(module: str) -> doctest.TestResults:
    """Run a module's examples; what fails is printed."""
    return doctest.testmod(importlib.import_module(module), optionflags=OPTIONS)


def functions_without_example(module: str) -> list[str]:
    """Return the public functions of a module whose docstrings have no example, as `module.function`."""
    finder = doctest.DocTestFinder(recurse=False, exclude_empty=False)
    return [
        f"{module}.{name}"
        for name, function in _public_functions(importlib.import_module(module))
        if not any(test.examples for test in finder.find(function, name))
    ]


def _public_functions(module: ModuleType) -> Iterator[tuple[str, object]]:
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name, value
