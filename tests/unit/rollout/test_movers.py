"""Everybody whom a plan moves, on their way to the store."""

from tests.unit.store.plans import MOVER

from mailgate.rollout import movers as module
from mailgate.rollout.movers import Movers


def test_they_come_back_as_they_were_in_their_order_a_page_at_a_time() -> None:
    many = [MOVER._replace(device=str(number)) for number in range(module.PAGE + 2)]
    with Movers() as movers:
        movers.add(many[:1])
        movers.add([])
        movers.add(many[1:])
        pages = list(movers.pages())
        assert movers.count == len(many)
    assert [each for page in pages for each in page] == many
    assert max(map(len, pages)) == module.PAGE


def test_they_can_be_read_again() -> None:
    with Movers() as movers:
        movers.add([MOVER])
        assert list(movers.pages()) == list(movers.pages()) == [[MOVER]]
