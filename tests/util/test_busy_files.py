"""Tests that files are replaced and removed as soon as other programs close them, and that all of bridge/ does so."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.util import busy_files
from tests.fakes.windows_files import WindowsFiles, sharing_violation

ROOT = Path(__file__).resolve().parents[2]


def replaces(folder: Path) -> Path:
    (folder / "new").write_text("new", encoding="utf-8")
    busy_files.replace(folder / "new", folder / "inner" / "held")
    return folder / "new"


def renames(folder: Path) -> Path:
    busy_files.replace(folder / "inner" / "held", folder / "elsewhere")
    return folder / "inner" / "held"


def renames_its_folder(folder: Path) -> Path:
    busy_files.replace(folder / "inner", folder / "elsewhere")
    return folder / "inner"


def removes(folder: Path) -> Path:
    busy_files.remove(folder / "inner" / "held")
    return folder / "inner" / "held"


def removes_its_folder(folder: Path) -> Path:
    busy_files.remove_tree(folder / "inner")
    return folder / "inner"


CALLS = (replaces, renames, renames_its_folder, removes, removes_its_folder)


@pytest.fixture
def held(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "beside").touch()
    path = tmp_path / "inner" / "held"
    path.write_text("old", encoding="utf-8")
    return path


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_the_call_succeeds_once_the_reader_has_closed_the_file(
    held: Path, tmp_path: Path, windows_files: WindowsFiles, call: Callable[[Path], Path]
) -> None:
    with held.open("rb") as reader:
        windows_files.on_pause = lambda count: reader.close() if count == 3 else None
        gone = call(tmp_path)
    assert not gone.exists()
    assert windows_files.pauses == list(busy_files.PAUSES[:3])


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_the_error_is_raised_after_a_second(
    held: Path, tmp_path: Path, windows_files: WindowsFiles, call: Callable[[Path], Path]
) -> None:
    with held.open("rb") as reader, pytest.raises(PermissionError) as raised:
        call(tmp_path)
    assert raised.value.winerror in (5, 32)  # type: ignore[attr-defined]
    assert windows_files.pauses == list(busy_files.PAUSES)
    assert reader.closed
    assert held.read_text("utf-8") == "old"


def test_the_pauses_grow_and_last_about_a_second() -> None:
    assert list(busy_files.PAUSES) == sorted(busy_files.PAUSES)
    assert sum(busy_files.PAUSES) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            PermissionError(13, "Permission denied"),
            marks=pytest.mark.only_on("posix", because="on Windows, a program may have the file open"),
        ),
        FileNotFoundError(2, "No such file"),
        OSError(28, "No space"),
    ],
)
def test_another_error_is_raised_at_once(windows_files: WindowsFiles, error: OSError) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        busy_files.when_free(fail)
    assert windows_files.pauses == []


def test_a_caller_that_must_not_block_tries_once(held: Path, tmp_path: Path, windows_files: WindowsFiles) -> None:
    with held.open("rb"), pytest.raises(PermissionError):
        busy_files.replace(held, tmp_path / "elsewhere", pauses=busy_files.NO_WAIT)
    assert windows_files.pauses == []


def test_of_a_folder_everything_is_removed_but_the_held_file(held: Path, windows_files: WindowsFiles) -> None:
    with held.open("rb"):
        busy_files.remove_tree(held.parent, ignore_errors=True)
        assert windows_files.pauses == list(busy_files.PAUSES)
        assert list(held.parent.iterdir()) == [held]


def test_a_missing_file_is_an_error_unless_it_may_be_missing(tmp_path: Path) -> None:
    busy_files.remove(tmp_path / "missing", missing_ok=True)
    with pytest.raises(FileNotFoundError):
        busy_files.remove(tmp_path / "missing")


def test_a_read_waits_while_the_file_is_replaced(held: Path, windows_files: WindowsFiles) -> None:
    refusals: Iterator[PermissionError] = iter([sharing_violation(held, code) for code in (32, 5, None)])

    def opened() -> bytes:
        for refusal in refusals:
            raise refusal
        return held.read_bytes()

    assert busy_files.when_free(opened) == b"old"
    assert len(windows_files.pauses) == 3


@pytest.mark.parametrize(
    ("code", "expected"), [(32, True), (33, True), (303, True), (1224, True), (None, True), (5, False)]
)
def test_only_a_refused_permission_may_have_another_cause(tmp_path: Path, code: int | None, expected: bool) -> None:
    assert busy_files.is_in_use(sharing_violation(tmp_path, code)) is expected


@pytest.mark.only_on("windows", because="only Windows refuses to open a file that another program keeps to itself")
def test_the_error_of_an_open_that_windows_refused_counts(held: Path) -> None:
    import _winapi

    handle = _winapi.CreateFile(str(held), _winapi.GENERIC_READ, 0, 0, _winapi.OPEN_EXISTING, 0, 0)  # type: ignore[attr-defined, unused-ignore]
    try:
        with pytest.raises(PermissionError) as refused:
            held.read_bytes()
    finally:
        _winapi.CloseHandle(handle)  # type: ignore[attr-defined, unused-ignore]
    assert refused.value.winerror is None  # type: ignore[attr-defined, unused-ignore]
    assert busy_files.is_in_use(refused.value)


# --- the rule that all of bridge/ uses these functions ---------------------------------------------------------------

CALLED = {
    "unlink",
    "rename",
    "renames",
    "rmtree",
    "rmdir",
    "removedirs",
}  # methods and functions of pathlib, os, shutil
OF_OS = {"remove", "replace"}  # in the module `os` only, because strings and lists have methods with these names
HELPERS = ("bridge/util/busy_files.py", "live_script/AceBridge/files.py")


def bypasses(text: str) -> Iterator[str]:
    """Yield each place that replaces or removes a file without the functions of busy_files."""
    tree = ast.parse(text)
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil"):
            yield from (f"{node.lineno}: {one.name}" for one in node.names if one.name in CALLED | OF_OS | {"move"})
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if node.attr in CALLED or (owner == "os" and node.attr in OF_OS) or (owner, node.attr) == ("shutil", "move"):
            yield f"{node.lineno}: {ast.unparse(node)}"
        elif node.attr == "replace" and owner not in (
            "busy_files",
            "files",
            "options",
        ):  # `midi copy` has an option --replace
            call = called.get(id(node))
            if call is None or (
                len(call.args) == 1 and not call.keywords
            ):  # Path.replace; str.replace has two arguments
                yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize(
    "line",
    [
        "partial.replace(final)",
        "call(partial.replace, final)",
        "os.replace(a, b)",
        "os.remove(a)",
        "(folder / name).unlink(missing_ok=True)",
        "shutil.rmtree(folder)",
        "shutil.move(a, b)",
        "folder.rename(aside)",
        "folder.rmdir()",
        "from os import replace",
    ],
)
def test_the_rule_finds(line: str) -> None:
    assert len(list(bypasses(line))) == 1


@pytest.mark.parametrize(
    "line",
    ["text.replace('a', 'b')", "dataclasses.replace(job, state=done)", "names.remove('a')", "busy_files.replace(a, b)"],
)
def test_the_rule_accepts(line: str) -> None:
    assert list(bypasses(line)) == []


@pytest.mark.only_on("posix", because="the source text is the same on each system")
def test_all_files_are_replaced_and_removed_with_patience() -> None:
    paths = [path for name in ("bridge", "live_script") for path in sorted((ROOT / name).rglob("*.py"))]
    assert len(paths) > 200
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in paths
        if path.relative_to(ROOT).as_posix() not in HELPERS
        for place in bypasses(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.only_on("posix", because="Windows refuses by itself")
def test_the_fake_refuses_only_open_files(held: Path, windows_files: WindowsFiles) -> None:
    (held.parent / "beside").unlink()
    with held.open("rb"), pytest.raises(PermissionError):
        held.unlink()
    os.replace(held, held.parent / "moved")
    assert windows_files.refused == ["held"]
