"""Everybody whom a plan moves, on their way to the store."""

from tests.unit.store.plans import MOVER

from mailgate.rollout import movers as module
from mailgate.rollout.movers import Movers


def test_movers_come_back_in_order_page_by_page() -> None:
    many = [MOVER._replace(device=str(number)) for number in range(module.PAGE + 2)]
    with Movers() as movers:
        movers.add(many[:1])
        movers.add([])
        movers.add(many[1:])
        pages = list(movers.pages())
        assert movers.count == len(many)
    assert [each for page in pages for each in page] == many
    assert max(map(len, pages)) == module.PAGE


def test_movers_can_be_read_again() -> None:
    with Movers() as movers:
        movers.add([MOVER])
        assert list(movers.pages()) == list(movers.pages()) == [[MOVER]]
