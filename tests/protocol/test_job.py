"""The state table: allowed transitions of a variation, and the state of a job."""

from __future__ import annotations

import itertools

import pytest

from bridge.protocol.job import ENDED, TRANSITIONS, IllegalTransition, State, check_transition, job_state


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State) - {State.PARTIAL}


def test_the_states_of_the_contract() -> None:
    words = (
        "new waiting rendering uploading submitting queued running fetching fitting ready placing "
        "done failed cancelled unknown partial"
    )
    assert [str(state) for state in State] == words.split()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.DONE, State.WAITING),
        (State.DONE, State.PLACING),
        (State.RUNNING, State.SUBMITTING),
        (State.FETCHING, State.SUBMITTING),
        (State.UNKNOWN, State.SUBMITTING),
        (State.FAILED, State.RUNNING),
        (State.READY, State.RUNNING),
    ],
)
def test_illegal_transitions(before: State, after: State) -> None:
    with pytest.raises(IllegalTransition):
        check_transition(before, after)


def test_no_change_is_legal_in_every_state() -> None:
    for state in TRANSITIONS:
        check_transition(state, state)


def test_open_states_can_end_and_ended_ones_can_only_be_retried_or_placed() -> None:
    for state, ways in TRANSITIONS.items():
        assert ways & ENDED or state is State.DONE
        if state in ENDED:
            assert ways <= {State.WAITING, State.DONE, State.CANCELLED}


def test_a_job_has_the_state_of_its_most_advanced_open_variation() -> None:
    assert job_state([State.RUNNING, State.WAITING]) is State.RUNNING
    assert job_state([State.DONE, State.WAITING]) is State.WAITING
    assert job_state([State.DONE, State.DONE]) is State.DONE
    for one, other in itertools.combinations(ENDED, 2):
        assert job_state([one, other]) is State.PARTIAL
