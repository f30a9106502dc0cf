"""Why somebody does something."""

import pytest

from mailgate.console.notes import LONGEST, note_of
from mailgate.rollout.acts import RefusedError


def test_a_note_is_kept_without_the_space_around_it_and_no_longer_than_it_may_be() -> None:
    assert note_of({"note": "  sent in error "}) == "sent in error"
    assert len(note_of({"why": "x" * 2 * LONGEST}, "why")) == LONGEST


@pytest.mark.parametrize("sent", [{}, {"note": ""}, {"note": "  \n"}])
def test_without_one_nothing_is_done(sent: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="a note is needed"):
        note_of(sent)
