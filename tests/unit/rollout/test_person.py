"""Whoever acts on the rules stands in the record of what they did."""

from tests.unit.store.examples import NOW

from mailgate.rollout.person import Person, RefusedError, UnknownError


def test_an_act_names_who_did_what_from_where_and_why() -> None:
    act = Person("ada", "desk").act(NOW, "policy-planned", "a ticket")
    assert (act.who, act.origin) == ("ada", "desk")
    assert (act.what, act.why, act.at) == ("policy-planned", "a ticket", NOW)


def test_what_is_unknown_is_refused() -> None:
    assert issubclass(UnknownError, RefusedError)
    assert RefusedError("not now").words == "not now"
