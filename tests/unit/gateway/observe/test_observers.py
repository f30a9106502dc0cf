"""Who is told of requests that are over."""

from types import SimpleNamespace

from mailgate.gateway.observe import Observers


def test_all_are_told_the_numbers_first():
    told = []
    numbers = SimpleNamespace(over=lambda asked: told.append(("numbers", asked)))
    observers = Observers(numbers, (lambda asked: told.append(("log", asked)),))
    observers.over("a request")
    assert told == [("numbers", "a request"), ("log", "a request")]
    observers.others = ()
    observers.over("another")
    assert told[2:] == [("numbers", "another")]
