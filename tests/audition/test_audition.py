"""Tests that the two sides of a variation have the same span and the same loudness."""

from __future__ import annotations

import pytest

from bridge.audition.sides import sides

RESULT = {"path": "/r.wav", "samples": 96_000, "sample_rate": 48_000, "source_offset": 0.5}
FITTED = {"lufs": -14.0, "true_peak_db": -1.0}
RENDERED = {"path": "/s.flac", "handles": [0.25, 0.5], "lufs": -20.0, "true_peak_db": -6.0, "gain_db": 0.0}


def gains(fitted: dict[str, object] = FITTED, rendered: dict[str, object] | None = None) -> dict[str, float]:
    found = sides(RESULT, fitted, {**RENDERED, **(rendered or {})})
    return {side.name: pytest.approx(side.gain_db) for side in found}


def test_both_are_cut_to_the_clip() -> None:
    source, result = sides(RESULT, FITTED, RENDERED)
    assert (source.name, source.start, source.length) == ("source", 0.25, 2.0)
    assert (result.name, result.start, result.length) == ("result", 0.5, 2.0)


def test_the_louder_side_is_lowered() -> None:
    assert gains() == {"source": 0.0, "result": -6.0}
    assert gains({"lufs": -26.0, "true_peak_db": -10.0}) == {"source": -6.0, "result": 0.0}


def test_the_gain_that_was_sent_is_undone_as_far_as_full_scale_goes() -> None:
    # The clip exceeded full scale by 3 dB, so it was submitted 3 dB lower. Both sides are therefore lowered by 3 dB.
    hot = {"lufs": -14.0, "true_peak_db": 3.0, "gain_db": -3.0}
    assert gains(rendered=hot) == {"source": 0.0, "result": -3.0}


def test_silence_is_not_matched() -> None:
    assert gains({"lufs": None, "true_peak_db": None}) == {"source": 0.0, "result": 0.0}


def test_without_its_clip_only_the_result_is_a_side() -> None:
    (only,) = sides(RESULT, FITTED, None)
    assert (only.name, only.gain_db) == ("result", 0.0)
