"""What a mistake in a condition is called, and where it stands, from the errors that the runtime really gives."""

import pytest

from mailgate.policy.condition_errors import ConditionFault, fault_at, translated
from mailgate.policy.variables import ENVIRONMENT, VARIABLES


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3)), (6, (2, 4)), (7, (3, 1))]
)
def test_an_offset_becomes_line_and_column(offset: int, place: tuple[int, int]) -> None:
    assert fault_at("ab\ncde\n", offset, "m") == ConditionFault(*place, "m")


def told(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(RuntimeError) as caught:
        ENVIRONMENT.compile(text)
    return [(fault.line, fault.column, str(fault.message)) for fault in translated(str(caught.value), text)]


EVERY = f"expected one of {', '.join(f'`{name}`' for name in VARIABLES)}"
ENDS = "the condition ends too early; expected a value or a closing bracket"


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("client.kin == 'phone'", 1, 1, "`client.kin` is not known; did you mean `client.kind`?"),
        ("\ntrue && devic.state == ''", 2, 9, "`devic.state` is not known; did you mean `device.state`?"),
        ("'é' == client.kin\n", 1, 8, "`client.kin` is not known; did you mean `client.kind`?"),
        ("client.\n kin == 'a'", 1, 7, "`client.kin` is not known; did you mean `client.kind`?"),
        ("user == 'ada'", 1, 1, "`user` is not known; expected one of `user.name`, `user.groups`"),
        ("user.x == 'ada'", 1, 1, "`user.x` is not known; expected one of `user.name`, `user.groups`"),
        ("true &&\n has(user.x)", 2, 6, "`user.x` is not known; expected one of `user.name`, `user.groups`"),
        ("x.y", 1, 1, f"`x.y` is not known; {EVERY}"),
        ("nowt", 1, 1, "`nowt` is not known; did you mean `now`?"),
        ("client.kind == laptop", 1, 16, '`laptop` is not known; text needs quotes: "laptop"'),
        ("1 in n", 1, 6, '`n` is not known; text needs quotes: "n"'),
        ("foo(1) == 1", 1, 1, "there is no function `foo`; expected one that CEL defines"),
        ("true &&\n user.name.foo (1)", 2, 12, "there is no function `foo`; expected one that CEL defines"),
        ("foo\n (1)", 1, 1, "there is no function `foo`; expected one that CEL defines"),
        ("client.kind == 3", 1, 13, "`==` does not go with the types (string, int); expected types that fit each other"),
        ("'a' in client.os", 1, 5, "`in` does not go with the types (string, string); expected types that fit each other"),
        ("true ? 1 : ''", 1, 6, "`? :` does not go with the types (bool, int, string); expected types that fit each other"),
        ("client.kind ==", 1, 15, ENDS),
        ("", 1, 1, ENDS),
        ("true &&\n (true", 2, 7, ENDS),
        ("true &&\n client.kind == 'laptop", 2, 17, "this text has no end; expected a closing quote"),
        ('client.kind=="laptop', 1, 14, "this text has no end; expected a closing quote"),
        ("true &&\n #", 2, 2, "token recognition error at: '#'; expected a CEL expression"),
        ("'' == 1 1 == ''", 1, 9, "mismatched input '1'; expected a CEL expression"),
        ("client.os 'a'", 1, 11, "extraneous input ''a''; expected a CEL expression"),
        ("1 + ) == 1", 1, 5, "mismatched input ')'; expected a CEL expression"),
        ("user.name.x", 1, 10, "expression of type 'string' cannot be the operand of a select operation; expected a CEL expression"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place_and_its_words(text: str, line: int, column: int, words: str) -> None:
    assert told(text) == [(line, column, words)]


@pytest.mark.parametrize(
    ("written", "operator"),
    [
        ("=", "=="), ("===", "=="), ("!==", "!="), ("<>", "!="), ("=~", ".matches(…)"), ("~", ".matches(…)"),
        ("&", "&&"), ("|", "||"), ("and", "&&"), ("AND", "&&"), ("or", "||"), ("OR", "||"),
    ],
)  # fmt: skip
def test_operators_of_other_languages_are_told_from_those_of_cel(written: str, operator: str) -> None:
    words = f"`{written}` is not an operator; expected `{operator}`"
    assert told(f"true &&\n client.os {written} true") == [(2, 12, words)]
    if not written.isalpha():
        assert told(f"client.os{written}'a'") == [(1, 10, words)]


def test_only_the_first_syntax_error_is_told_and_every_other_error() -> None:
    assert [place[:2] for place in told("1 +* 2 +* 3")] == [(1, 4)]
    assert [place[:2] for place in told("x ||\n y || 1 == '' || z.z")] == [(1, 1), (2, 2), (2, 9), (2, 18)]


def test_an_error_that_follows_from_another_is_left_out() -> None:
    assert [place[1] for place in told("('a'.b).c && x")] == [5, 14]


def test_an_error_in_an_unknown_form_is_told_as_it_is() -> None:
    [fault] = translated("INTERNAL: something new", "true")
    assert fault == ConditionFault(1, 1, "INTERNAL: something new; expected a simpler condition")
    [fault] = translated("CANCELLED: too deep [CANCELLED]", "true")
    assert fault == ConditionFault(1, 1, "too deep; expected a simpler condition")
