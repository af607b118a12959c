"""Tests that shipped presets are valid, that user presets override them, and that errors name the file and line."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from bridge.config import resources
from bridge.errors import BridgeError, HomeError, NotPossibleNow, PresetInvalid, PresetUnknown
from bridge.presets.library import FAMILIES, Preset, Presets, load, new, slug, standard
from bridge.presets.parameters import PARAMS, complete, to_send
from bridge.presets.tags import instruments

SHIPPED = Presets([resources.folder("presets")])
GOOD = """\
version = 1
title = "Mine"
description = "Something of my own."
family = "dub"
tags = "dub, echo, deep bass"
lyrics = "[inst]"
"""


def put(folder: Path, name: str, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_preset_may_be_saved_by_notepad(tmp_path: Path, encoding: str) -> None:
    text = GOOD.replace("version = 1", "version = 1.0") + "amount = 1\n[parameters]\nnumber_of_steps = 30.0\n"
    preset = load(put(tmp_path, "mine.toml", text.replace("\n", "\r\n").encode(encoding)))
    assert (preset.title, dict(preset.parameters)) == ("Mine", {"number_of_steps": 30})
    assert preset.tags == "dub, echo, deep bass"


def test_there_are_enough_shipped_presets_and_all_are_valid() -> None:
    assert SHIPPED.problems() == []
    presets = SHIPPED.all()
    assert len(presets) >= 24
    assert [preset.name for preset in presets] == sorted(preset.name for preset in presets)
    assert len({preset.title for preset in presets}) == len(presets)
    assert {preset.family for preset in presets} == set(FAMILIES)
    assert len({preset.tags for preset in presets}) == len(presets)


@pytest.mark.parametrize("preset", SHIPPED.all(), ids=lambda preset: preset.name)
def test_a_shipped_preset_sends_only_the_parameters_that_it_sets(preset: Preset) -> None:
    sent = to_send({"tags": preset.tags, "lyrics": preset.lyrics, "edit_mode": preset.edit_mode, **preset.parameters})
    assert set(sent) <= {"tags", "original_tags", "lyrics", "edit_mode", *preset.parameters}
    for name, value in preset.parameters.items():
        assert value != PARAMS[name].default, "it says what is the default anyway"
        assert not PARAMS[name].inert, "it sets what probably changes nothing"
    assert 3 <= len(preset.tags.split(",")) <= 9
    assert len(preset.tags) < 200  # characters; far below the model's limit of 256 tokens
    assert "bpm" not in preset.tags.lower()
    assert preset.lyrics == "[inst]" or "[" in preset.lyrics
    assert preset.amount is not None
    assert preset.description.endswith(".")
    assert slug(preset.name) == preset.name


def test_the_families_are_those_of_the_offline_engine() -> None:
    from bridge.audio.offline.families import FAMILIES as STYLES
    from bridge.audio.offline.words import WORDS

    assert set(FAMILIES) == set(STYLES) == set(WORDS)


@pytest.mark.parametrize("preset", SHIPPED.all(), ids=lambda preset: preset.name)
def test_a_preset_says_which_sounds_only_the_model_adds(preset: Preset) -> None:
    """The offline engine adds drums and bass and turns the clip into pads; it cannot add any other instrument."""
    offline = {"drums", "kick drum", "snare drum", "hi-hats", "percussion", "bass"}
    offline |= {"synth pad"} if preset.family == "ambient" else set()
    assert bool(set(instruments((preset.tags,))) - offline) <= bool(preset.needs_model)
    assert preset.offline.startswith(f"offline: {preset.family}")
    assert preset.needs_model in preset.offline


def test_the_choir_needs_the_model() -> None:
    assert SHIPPED.get("wordless-choir").offline == "offline: ambient; only the model adds the choir"
    assert SHIPPED.get("frozen-drone").offline == "offline: ambient"


def test_no_two_shipped_presets_are_the_same() -> None:
    counted = Counter((preset.tags, preset.edit_mode, preset.amount) for preset in SHIPPED.all())
    assert counted.most_common(1)[0][1] == 1


def test_a_user_preset_overrides_a_shipped_one_immediately(tmp_path: Path) -> None:
    presets = standard(tmp_path)
    before = presets.get("roots-dub")
    path = put(tmp_path / "presets", "roots-dub.toml", GOOD)
    mine = presets.get("roots-dub")
    assert (before.path.parent, mine.path) == (resources.folder("presets"), path)
    assert (mine.title, mine.edit_mode, mine.amount, mine.parameters, mine.original_tags) == (
        "Mine",
        "remix",
        None,
        {},
        None,
    )
    assert len(presets.all()) == len(SHIPPED.all())
    put(tmp_path / "presets", "all-mine.toml", GOOD)
    assert len(presets.all()) == len(SHIPPED.all()) + 1


@pytest.mark.parametrize("said", ["roots-dub", "Roots Dub", " roots_dub ", "ROOTS-DUB"])
def test_case_spaces_and_underscores_do_not_matter(said: str) -> None:
    assert SHIPPED.get(said).name == "roots-dub"


def test_a_preset_is_found_by_its_title(tmp_path: Path) -> None:
    put(tmp_path, "a1.toml", GOOD.replace("Mine", "Ünïque Tëst"))
    assert Presets([tmp_path]).get("ünïque tëst").name == "a1"


@pytest.mark.parametrize(
    "name", ["rots-dub", "", "../presets/roots-dub", "/etc/passwd", "roots-dub.toml\0", "a" * 100_000, "\x1b[2J"]
)
def test_unknown_names(name: str) -> None:
    with pytest.raises(PresetUnknown) as caught:
        SHIPPED.get(name)
    assert ("“roots-dub”" in caught.value.text) == (name == "rots-dub" or "roots-dub" in name)
    assert caught.value.text.isprintable()
    assert len(caught.value.text) < 300


def test_next_and_previous_wrap_around() -> None:
    names = [preset.name for preset in SHIPPED.all()]
    seen, at = [], ""
    for _ in names:
        at = SHIPPED.next(at).name
        seen.append(at)
    assert seen == names
    assert SHIPPED.next(names[-1]).name == names[0]
    assert SHIPPED.previous(names[0]).name == names[-1]
    assert SHIPPED.previous("no such").name == names[-1]


def test_next_without_presets_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PresetUnknown, match="no presets"):
        Presets([tmp_path, tmp_path / "missing"]).next("x")


BROKEN = [
    (GOOD + "tagz = 1\n", 7, "there is no “tagz”. Did you mean “tags”?"),
    (GOOD + "number_of_steps = 40\n", 7, "“number_of_steps” belongs under [parameters]."),
    (GOOD + "seed = 1\n", 7, "there is no “seed”."),
    (GOOD + "[parameters]\nnumber_of_steps = 61\n", 8, "number_of_steps is 61; it takes a whole number from 3 to 60."),
    (GOOD + "[parameters]\nsteps = 40\n", 8, "There is no parameter “steps”."),
    (GOOD + '[parameters]\ntags = "x"\n', 8, "“tags” does not belong under [parameters]."),
    (GOOD + "[parameters]\nseed = 1\n", 8, "“seed” does not belong under [parameters]."),
    (GOOD + "parameters = 1\n", 7, "parameters is 1; it takes keys and values."),
    (GOOD + "amount = 1.5\n", 7, "amount is 1.5; it takes a number from 0 to 1."),
    (GOOD + "amount = nan\n", 7, "amount is nan; it takes a number from 0 to 1."),
    (GOOD + "amount = true\n", 7, "amount is true; it takes a number from 0 to 1."),
    (GOOD + 'edit_mode = "remixx"\n', 7, 'edit_mode is "remixx"; it takes "lyrics" or "remix".'),
    (GOOD.replace('"dub"', '"dup"'), 4, 'family is "dup"; it takes "lofi", "house", "techno"'),
    (GOOD.replace('"dub"', "3"), 4, "family is 3; it takes"),
    (GOOD.replace('"Mine"', '" "'), 2, 'title is " "; it takes text of 1 to 60 printable characters.'),
    (GOOD.replace('"Mine"', '"a\\u001bb"'), 2, "title is"),
    (GOOD.replace('"dub, echo, deep bass"', '" "'), 5, "tags is empty"),
    (GOOD.replace('"dub, echo, deep bass"', f'"{"dub, " * 150}"'), 5, "tags has over 600 characters"),
    (GOOD.replace('"[inst]"', "[1]"), 6, "lyrics is a list of 1 value; it takes text."),
    (
        GOOD.replace("version = 1", "version = 2"),
        1,
        "version is 2; it takes 1 (newer presets need a newer ace-bridge).",
    ),
    (GOOD.replace('"[inst]"', '"[inst]'), 6, "it is not valid TOML"),
    (GOOD.encode().replace(b"Mine", b"\xff"), 2, "it is not UTF-8 text."),
]


@pytest.mark.parametrize(("text", "line", "told"), BROKEN, ids=[told for _, _, told in BROKEN])
def test_errors_name_file_line_and_key(tmp_path: Path, text: str | bytes, line: int, told: str) -> None:
    path = put(tmp_path, "mine.toml", text)
    with pytest.raises(PresetInvalid) as caught:
        load(path)
    assert caught.value.text.startswith(f"{path}, line {line}: {told}")


def test_line_numbers_are_right_after_lyrics_that_look_like_sections(tmp_path: Path) -> None:
    lyrics = GOOD.replace('"[inst]"', '"""\n[verse]\nlove = all\n[parameters]\ntags = 3\n"""')
    preset = load(put(tmp_path, "sung.toml", lyrics))
    assert preset.lyrics == "[verse]\nlove = all\n[parameters]\ntags = 3"
    with pytest.raises(PresetInvalid, match=r"line 13: guidance_scale"):
        load(put(tmp_path, "sung.toml", lyrics + "[parameters]\nguidance_scale = 300\n"))


@pytest.mark.parametrize("missing", ["version", "title", "description", "family", "tags", "lyrics"])
def test_the_error_names_the_missing_key(tmp_path: Path, missing: str) -> None:
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(missing))
    with pytest.raises(PresetInvalid, match=f": {missing} is missing"):
        load(put(tmp_path, "mine.toml", text))


@pytest.mark.parametrize("name", ["Loud Name.toml", "ümlaut.toml", "a_b.toml", "-a.toml"])
def test_invalid_file_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PresetInvalid, match="file name"):
        load(put(tmp_path, name, GOOD))


def test_hostile_files_do_not_affect_other_presets(tmp_path: Path) -> None:
    put(tmp_path, "good.toml", GOOD)
    put(tmp_path, "deep.toml", "a = " + "[" * 100_000)
    put(tmp_path, "large.toml", b"#" * 3_000_000)
    put(tmp_path, "nothing.toml", b"")
    put(tmp_path, ".hidden.toml", b"\0")
    put(tmp_path, "notes.txt", b"not a preset")
    (tmp_path / "folder.toml").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.toml")
        (tmp_path / "dangling.toml").symlink_to(tmp_path / "gone")
    presets = Presets([tmp_path])
    assert [preset.name for preset in presets.all()] == ["good"]
    named = {Path(problem.text.split(".toml")[0]).name for problem in presets.problems()}
    assert named >= {"deep", "large", "nothing", "folder"} | ({"dangling"} if hasattr(os, "mkfifo") else set())
    with pytest.raises(PresetInvalid, match="deep"):
        presets.get("deep")


def test_a_new_preset_is_valid_and_never_overwrites(tmp_path: Path) -> None:
    path = new(tmp_path / "presets", "  My “Dusty”  Style ")
    assert path.name == "my-dusty-style.toml"
    made = load(path)
    assert made.title == "My “Dusty” Style"
    path.write_text(GOOD)
    with pytest.raises(NotPossibleNow, match="already exists"):
        new(tmp_path / "presets", "my dusty style")
    assert path.read_text() == GOOD


@pytest.mark.parametrize("preset", SHIPPED.all(), ids=lambda preset: preset.name)
def test_a_copy_has_the_same_values(tmp_path: Path, preset: Preset) -> None:
    copy = load(new(tmp_path, "A copy", preset))
    same = ("description", "family", "tags", "lyrics", "original_tags", "edit_mode", "amount", "parameters")
    assert [getattr(copy, key) for key in same] == [getattr(preset, key) for key in same]


@pytest.mark.parametrize("name", ["", "…", "../..", "a" * 61, "a\nb\x00"])
def test_a_name_that_cannot_be_a_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BridgeError):
        new(tmp_path / "presets", name)
    assert not (tmp_path / "presets").exists()


def test_every_preset_is_a_valid_request() -> None:
    for preset in SHIPPED.all():
        assert complete({"tags": preset.tags, **preset.parameters})["tags"] == preset.tags


def test_an_unreadable_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "glob", refuse)
    with pytest.raises(HomeError, match="cannot be read"):
        Presets([tmp_path]).all()


def test_new_changed_and_deleted_presets_are_noticed_although_files_are_cached(tmp_path: Path) -> None:
    folder = tmp_path / "presets"
    folder.mkdir()
    text = (Path(__file__).parents[2] / "presets" / "roots-dub.toml").read_text("utf-8")
    shelf = Presets([folder])
    assert shelf.names() == []
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(text)
        assert name in shelf.names()
    for title in ("First", "Other"):  # files of the same length, written within one tick of the clock
        (folder / "one.toml").write_text(text.replace("Roots Dub", title))
        assert shelf.get("one").title == title
    (folder / "two.toml").unlink()
    assert [preset.name for preset in shelf.all()] == ["one"]
    for path in (folder / "one.toml", folder):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert shelf.get("one") is shelf.get("one"), "nothing has changed, so it is not read again"
    (folder / "one.toml").write_text("broken")
    with pytest.raises(PresetInvalid):
        shelf.get("one")
