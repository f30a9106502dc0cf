"""Errors of files that a person wrote."""

from mailgate.errors import ConfigError, Mistake
from mailgate.model.phrase import phrase
from mailgate.rollout.person import RefusedError


def test_a_mistake_says_where_it_is_as_editors_read_it():
    assert str(Mistake("policy.yaml", 3, 7, "no such key")) == "policy.yaml:3:7: no such key"


def test_every_mistake_is_told_in_the_order_of_the_files_and_lines():
    mistakes = [
        Mistake("b", 1, 1, "x"),
        Mistake("a", 10, 1, "x"),
        Mistake("a", 9, 2, "x"),
        Mistake("a", 9, 1, "x"),
    ]
    error = ConfigError(mistakes)
    assert str(error).splitlines() == ["a:9:1: x", "a:9:2: x", "a:10:1: x", "b:1:1: x"]
    assert error.mistakes == sorted(mistakes)


def test_the_hint_for_a_command_line_is_not_said_elsewhere():
    error = RefusedError(phrase("no plan is called %(name)s", name="x"), "; `mailgate policy plan` makes one")
    assert error.words == "no plan is called x"
    assert str(error) == "no plan is called x; `mailgate policy plan` makes one"
    assert RefusedError("plain").words == str(RefusedError("plain")) == "plain"
