"""Every public function of bridge.audio has an example that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctest_check import functions_without_example, modules, run_examples

PACKAGE = "bridge.audio"
WITHOUT: set[str] = set()  # functions for which an example would say nothing


@pytest.mark.parametrize("module", modules(PACKAGE))
def test_the_examples_are_right(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_examples(module).failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("module", modules(PACKAGE))
def test_every_public_function_has_an_example(module: str) -> None:
    assert set(functions_without_example(module)) <= WITHOUT


def test_missing_and_wrong_examples_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'def bare():\n    """Do."""\n\n\ndef wrong():\n    """Do.\n\n    >>> 1 + 1\n    3\n    """\n'
    (tmp_path / "some_examples.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert functions_without_example("some_examples") == ["some_examples.bare"]
    assert run_examples("some_examples").failed == 1
