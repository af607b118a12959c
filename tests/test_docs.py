"""Tests that generated pages match the code, and that modules and decision records mentioned in texts exist."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import skips  # noqa: E402
from tables import table  # noqa: E402

import docs  # noqa: E402 - in scripts/


def test_the_pages_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, "scripts/docs.py", "--check"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_an_outdated_page_is_shown(tmp_path: Path) -> None:
    docs.write(tmp_path)
    assert docs.drift(tmp_path) == []
    page = tmp_path / "docs" / "params.md"
    page.write_text(page.read_text("utf-8").replace("3 to 60", "3 to 61"), "utf-8")
    (tmp_path / "docs" / "errors.md").unlink()
    (tmp_path / "surfaces" / "ace-bridge.tosc").write_bytes(b"broken")
    found = "\n".join(docs.drift(tmp_path))
    assert "-| `number_of_steps` | a whole number from 3 to 61" in found
    assert "+| `number_of_steps` | a whole number from 3 to 60" in found
    assert "+# Errors" in found
    assert '+<lexml version="3">' in found
    assert "presets.md" not in found


@pytest.mark.parametrize("name", sorted(docs.FILES))
def test_pages_contain_no_paths_of_this_machine(name: str) -> None:
    text = docs.texts()[name]
    assert str(ROOT) not in text
    assert str(Path.home()) not in text
    assert "object at 0x" not in text


def test_every_module_named_by_a_page_exists() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    named = {
        (path, page.relative_to(ROOT).as_posix())
        for page in pages
        for path in re.findall(r"(?<![\w/.-])bridge/[\w./]+(?<![.])", page.read_text("utf-8"))
    }
    assert ("bridge/daemon.py", "CONTRIBUTING.md") in named
    assert sorted((path, page) for path, page in named if not (ROOT / path).exists()) == []


def prose(source: str) -> str:
    """Return the docstrings and comments of a module."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join([*texts, *(token.string for token in tokens if token.type == tokenize.COMMENT)])


def missing_modules(root: Path) -> list[str]:
    """Return each module name (`*.py`) in a docstring or comment in bridge/ for which no file exists.

    A name must be a path relative to the folder of the module that mentions it, to bridge/ or to the root. A name such
    as `service.py` is not searched for in other folders: several have a service.py, so an outdated name could match.
    """
    return [
        f"{module.relative_to(root).as_posix()} names {name}"
        for module in sorted((root / "bridge").rglob("*.py"))
        for name in sorted(set(re.findall(r"(?<![\w/.-])[\w/-]+\.py\b", prose(module.read_text("utf-8")))))
        if not any((folder / name).is_file() for folder in (module.parent, root / "bridge", root))
    ]


def test_every_module_named_by_a_docstring_or_comment_exists() -> None:
    assert missing_modules(ROOT) == []


def test_an_old_name_in_a_docstring_or_comment_is_found(tmp_path: Path) -> None:
    for name in ("bridge/daemon.py", "bridge/midi/surface.py", "bridge/presets/parameters.py", "tests/talk.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('"""Nothing."""\n')
    (tmp_path / "bridge/midi/learn.py").write_text(
        '"""daemon.py → surface.py → here → presets/parameters.py, tests/talk.py; talk.py."""\n'
        "KEPT = 'said.py'  # see parameters.py\n"
        "def learn():\n"
        '    """Learn, see midi/shelf.py."""\n'
    )
    assert missing_modules(tmp_path) == [
        "bridge/midi/learn.py names midi/shelf.py",
        "bridge/midi/learn.py names parameters.py",
        "bridge/midi/learn.py names talk.py",
    ]


def misnumbered(folder: Path) -> list[str]:
    """Return each decision record whose number is out of sequence or whose first line is not `# N. Title`."""
    found = []
    for number, record in enumerate(sorted(folder.iterdir()), 1):
        if not re.fullmatch(rf"{number:04}-[a-z0-9-]+\.md", record.name):
            found.append(f"{record.name} should begin with {number:04}-")
        first = record.read_text("utf-8").partition("\n")[0]
        if not re.fullmatch(rf"# {number}\. \S.*", first):
            found.append(f"{record.name} should begin with the line “# {number}. Title”")
    return found


def test_decision_records_are_numbered_without_gaps() -> None:
    assert misnumbered(ROOT / "docs" / "decisions") == []


def test_a_gap_and_a_missing_title_are_found(tmp_path: Path) -> None:
    (tmp_path / "0001-one.md").write_text("# 1. One\n")
    (tmp_path / "0003-three.md").write_text("# 3. Three\n")
    (tmp_path / "0004-four.md").write_text("Four\n")
    assert misnumbered(tmp_path) == [
        "0003-three.md should begin with 0002-",
        "0003-three.md should begin with the line “# 2. Title”",
        "0004-four.md should begin with 0003-",
        "0004-four.md should begin with the line “# 3. Title”",
    ]


def test_every_decision_record_named_by_a_file_exists() -> None:
    records = [record.name for record in (ROOT / "docs" / "decisions").iterdir()]
    numbers = {str(int(name[:4])) for name in records}
    folders = ("ardour_scripts", "bridge", "docs", "live_script", "reaper_scripts", "scripts", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".lua", ".md")]
    files = [path for path in files if "node_modules" not in path.parts] + [*ROOT.glob("*.md"), ROOT / "pyproject.toml"]
    wrong, right = [], 0
    for path in files:
        text = path.read_text("utf-8", "replace")
        named = re.findall(r"decisions/(\d{4}-[\w-]+\.md)", text)
        by_number = re.findall(r"\b[Dd]ecision (\d+)", text) if path != Path(__file__) else []
        right += sum(name in records for name in named)
        wrong += [(path.name, name) for name in named if name not in records]
        wrong += [(path.name, number) for number in by_number if number not in numbers]
    assert wrong == []
    assert right > 0


def test_tables_omit_empty_columns() -> None:
    assert table(("a", "b", "c"), [("1", "", "x | y"), ("2", "", "z\n  z")]) == (
        "| a | c |\n| --- | --- |\n| 1 | x \\| y |\n| 2 | z z |"
    )


def test_skipped_tests_are_found(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        "import pytest\n"
        "def test_runs(): pass\n"
        "@pytest.mark.xfail\ndef test_known(): assert False\n"
        "def test_skips(): pytest.skip('no strace here')\n"
    )
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", str(tmp_path)]
    subprocess.run([*command, "-c", "/dev/null"], capture_output=True, cwd=tmp_path, check=True)
    assert skips.skipped(report) == ["test_one.test_skips: no strace here"]
