from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.policy.condition import (
    MAX_LENGTH,
    ConditionError,
    ConditionFault,
    EvaluationError,
    UnknownValueError,
    compile_condition,
    fault_at,
    translated,
)
from mailgate.policy.variables import ENVIRONMENT, VARIABLES, is_odd

CLOSED = {"device.apps": ("tiktok", "wechat"), "device.lists": ("prohibited",)}


def faults(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ConditionError) as caught:
        compile_condition(text, CLOSED)
    return [(fault.line, fault.column, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("client.kind", 1, 1, "the condition is of type string; write one that is true or false"),
        ("dyn(client.handheld)", 1, 1, "the condition is of type dyn; write one that is true or false"),
        ('device.age >\n duration("7d")', 2, 11, '"7d" cannot be read; use a duration of hours, minutes and seconds like "168h" or "1h30m"'),
        ('client.model.matches("[")', 1, 22, '"[" cannot be read; use a regular expression in RE2 syntax'),
        ('now > timestamp("2026-12-01")', 1, 17, '"2026-12-01" cannot be read; use a time with its zone like "2026-12-01T09:00:00Z"'),
        ('"tiktokk" in device.apps', 1, 1, '`device.apps` is never "tiktokk"; did you mean `tiktok`? use one of `tiktok`, `wechat`'),
        ('client.assurance == "sure"', 1, 21, '`client.assurance` is never "sure"; use one of `claimed`, `consistent`, `attested`'),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place_and_says_what_is_expected(
    text: str, line: int, column: int, message: str
) -> None:
    assert faults(text) == [(line, column, message)]


def test_a_condition_has_a_greatest_length_and_a_greatest_depth() -> None:
    assert MAX_LENGTH == 4096
    assert compile_condition("true".ljust(4096), {}).text == "true".ljust(4096)
    assert faults("true".ljust(4097)) == [(1, 1, "the condition is 4097 characters long; at most 4096")]
    [(line, column, message)] = faults("(" * 300 + "true" + ")" * 300)
    assert (line, column, message.endswith("; write a simpler condition")) == (1, 1, True)


@pytest.mark.parametrize(
    "part",
    ["getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds",
     "getMinutes", "getMonth", "getSeconds"],
)  # fmt: skip
def test_a_part_of_a_time_needs_a_known_zone(part: str) -> None:
    assert compile_condition(f'now.{part}() < 3000 && now.{part}("Europe/Berlin") < 3000', {})
    message = '"Mars" cannot be read; use a time zone like "Europe/Berlin" or "-08:00"'
    assert faults(f'now.{part}("Mars") > 8') == [(1, 6 + len(part), message)]


@pytest.mark.parametrize(
    ("text", "name", "column"),
    [
        ('client.handheld && device.os_version < "17"', "device.os_version", 20),
        ('"17" <= client.os_version', "client.os_version", 9),
        ("client.browser_version > device.os_version", "client.browser_version", 1),
        ('client.browser_version >= "17"', "client.browser_version", 1),
        ('"0.2" < extension.version', "extension.version", 9),
    ],
)
def test_versions_have_no_order(text: str, name: str, column: int) -> None:
    words = 'is a text, where 9 comes after 17; use something like `.at_least("17")`'
    assert faults(text) == [(1, column, f"`{name}` {words}")]


def test_a_version_that_cannot_be_read_is_a_mistake() -> None:
    message = '"142b" cannot be read; use a version like "142" or "142.0.7444.134"'
    assert faults('client.browser_version.at_least("142b")') == [(1, 33, message)]
    [(_, _, message)] = faults("extension.version.at_least(1)")
    assert message.startswith("`at least` does not go with the types (string, int)")


def test_a_condition_tells_which_versions_it_wants() -> None:
    text = '!extension.version.at_least("0.2") && (client.os_version.at_least("11") || client.os_version.at_least("9"))'
    condition = compile_condition(text, {})
    assert condition.least == {"extension.version": {"0.2"}, "client.os_version": {"11", "9"}}
    assert condition.compared == set()


V = "extension.browser_version"


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        (f'{V}.at_least("142")', False),
        (f'!{V}.at_least("142")', True),
        (f'!!{V}.at_least("142")', False),
        (f'client.kind == "laptop" && !({V}.at_least("142") && client.handheld)', True),
        (f'{V}.at_least("142") == false', True),
        (f'{V}.at_least("142") ? false : true', True),
        (f'{V}.at_least("0") && !{V}.at_least("142")', False),
        (f'client.handheld || ({V}.at_least("0") && !{V}.at_least("142"))', True),
        (f'{V} != "" && !{V}.at_least("142")', True),  # 142.0b1 is not known either
        (f'!"142".at_least({V})', True),
        (f'{V}.at_least("142") in [false]', True),
        (f'[{V}.at_least("142")].exists(new, !new)', True),
        (f'[{V}].all(version, !version.at_least("142"))', True),
        (f'{{true: "new", false: "old"}}[{V}.at_least("142")] == "old"', True),
        (f'(client.handheld || {V}.at_least("142")) && client.probed', False),
    ],
)
def test_a_condition_that_an_unknown_version_helps_to_hold_is_found(text: str, is_open: bool) -> None:
    assert compile_condition(text, {}).open_to_unknown == ({V} if is_open else set())


@pytest.mark.parametrize(
    "text",
    [
        'client.os_version == "17" || device.os_version.matches("^(17|18)[.]")',
        '"a[" == client.model || "[".matches(client.model)',
        'now > timestamp("2026-12-01T09:00:00Z") && device.age < duration("1h30m")',
        '{"os_version": 1}.os_version < 2',
        "client.os < client.browser",
    ],
)
def test_valid_conditions_compile(text: str) -> None:
    assert compile_condition(text, CLOSED).text == text


def test_every_mistake_of_a_condition_comes_out_at_once() -> None:
    found = faults('client.kind == "labtop" ||\n devic.state == "x" || client.nothing')
    assert [place[:2] for place in found] == [(1, 16), (2, 2), (2, 24)]
    with pytest.raises(ConditionError) as caught:
        compile_condition('now > timestamp("") || client.os_version < "9" && client.form == "van"', {})
    places = [(fault.line, fault.column) for fault in caught.value.faults]
    assert places == [(1, 17), (1, 24), (1, 66)]
    assert str(caught.value) == "; ".join(fault.message for fault in caught.value.faults)


def test_a_condition_tells_its_variables_and_its_words() -> None:
    text = '"x" in user.groups && user.groups.all(a, a != "y") && !(device.state in ["clean", "listed"])'
    condition = compile_condition(text, CLOSED)
    assert condition.reads == {"user.groups", "device.state"}
    assert condition.names == {"user.groups": {"x", "y"}, "device.state": {"clean", "listed"}}
    assert condition.sought == {"user.groups": {"x"}, "device.state": set()}
    assert condition.compared == {"device.state"}


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("client.handheld", set()),
        ("user.groups.exists(a, client.findings.all(b, a == b))", {"user.groups", "client.findings"}),
        ("user.groups.exists(a, [a].exists(b, b == a))", None),
        ("user.groups.exists(a, 'x' in user.groups.map(b, b))", {"user.groups"}),
        ("{'a': 1}.exists(key, key == user.name)", None),
        ("user.groups.map(a, a + 'x').exists(b, b == '')", None),
    ],
)
def test_a_condition_tells_what_it_loops_over(text: str, loops: set[str] | None) -> None:
    assert compile_condition(text, {}).loops == loops


@pytest.mark.parametrize(
    ("text", "needs", "never"),
    [
        (
            'user.name in ["a", "b"] && client.handheld',
            {"user.name": {"a", "b"}},
            {("client.handheld", False)},
        ),
        ('"x" in user.groups', {"user.groups": {"x"}}, set()),
        ('client.kind == "laptop"', {"client.kind": {"laptop"}}, set()),
        ('client.assurance != "claimed"', {}, {("client.assurance", "claimed")}),
        ('!("x" in user.groups)', {}, set()),
        ('client.os == "ios" || user.name == "ada"', {}, set()),
        ('user.name == "\\x01"', {}, set()),  # it stands for every other text
        ("1 / 0 == 1 && !client.handheld", {}, {("client.handheld", True)}),
        ("1 / 0 == 1 || client.handheld", {}, set()),
        ("user.groups.exists(a, a == 'x') && client.handheld", {}, set()),  # it may take too many steps
        ("client.handheld && user.groups.exists(a, a == 'x')", {}, {("client.handheld", False)}),
        ("client.handheld && [1].exists(a, a == 2)", {}, set()),
    ],
)
def test_the_values_that_make_it_false_are_known(
    text: str, needs: dict[str, set[str]], never: set[tuple[str, object]]
) -> None:
    condition = compile_condition(text, {})
    assert (condition.needs, condition.never) == (needs, never)


@pytest.mark.parametrize(
    ("text", "odd"), [("", False), ("é\x01", False), ("a\0b", True), ("\0", True), ("a\udcff", True)]
)
def test_a_text_is_odd_if_the_runtime_reads_another(text: str, odd: bool) -> None:
    assert is_odd(text) is odd


def test_a_missing_value_is_told_from_a_failure() -> None:
    nothing = ENVIRONMENT.Activation({"client.handheld": False})
    assert compile_condition("client.handheld && device.known", {}).holds(nothing) is False
    assert compile_condition("!client.handheld || device.known", {}).holds(nothing) is True
    with pytest.raises(UnknownValueError):
        compile_condition("!client.handheld && device.known", {}).holds(nothing)
    for text, words in (
        ("1 / 0 == 1", "divide by zero"),
        ("[1][2] == 1", "UNKNOWN: Index error: index=2 size=1"),
    ):
        with pytest.raises(EvaluationError) as caught:
            compile_condition(text, {}).holds(nothing)
        assert str(caught.value) == words


def test_a_text_without_a_utf_8_form_is_a_failure_not_a_crash() -> None:
    condition = compile_condition('request.path.startsWith("/a")', {})
    with pytest.raises(EvaluationError, match="null"):
        condition.holds(ENVIRONMENT.Activation({"request.path": "/a\udcff"}))


def test_a_time_is_compared_with_the_clock() -> None:
    condition = compile_condition('now < timestamp("2026-12-01T00:00:00Z")', {})
    moments = (datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert [condition.holds(ENVIRONMENT.Activation({"now": now})) for now in moments] == [True, False]


@given(st.text(alphabet="client.kdev state\"'()=&|!<>[]{}1,?:\\\n\té", max_size=60))
def test_any_text_compiles_or_is_refused_with_a_place_inside_it(text: str) -> None:
    try:
        compile_condition(text, CLOSED)
    except ConditionError as error:
        lines = text.split("\n")
        for fault in error.faults:
            assert 1 <= fault.line <= len(lines)
            assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3)), (6, (2, 4)), (7, (3, 1))]
)
def test_an_offset_becomes_line_and_column(offset: int, place: tuple[int, int]) -> None:
    assert fault_at("ab\ncde\n", offset, "m") == ConditionFault(*place, "m")


def told(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(RuntimeError) as caught:
        ENVIRONMENT.compile(text)
    return [(fault.line, fault.column, str(fault.message)) for fault in translated(str(caught.value), text)]


EVERY = f"use one of {', '.join(f'`{name}`' for name in VARIABLES)}"
ENDS = "the condition ends too early; add a value or close the bracket"


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("client.kin == 'phone'", 1, 1, "`client.kin` is not known; did you mean `client.kind`?"),
        ("\ntrue && devic.state == ''", 2, 9, "`devic.state` is not known; did you mean `device.state`?"),
        ("'é' == client.kin\n", 1, 8, "`client.kin` is not known; did you mean `client.kind`?"),
        ("client.\n kin == 'a'", 1, 7, "`client.kin` is not known; did you mean `client.kind`?"),
        ("user == 'ada'", 1, 1, "`user` is not known; use one of `user.name`, `user.groups`"),
        ("user.x == 'ada'", 1, 1, "`user.x` is not known; use one of `user.name`, `user.groups`"),
        ("true &&\n has(user.x)", 2, 6, "`user.x` is not known; use one of `user.name`, `user.groups`"),
        ("x.y", 1, 1, f"`x.y` is not known; {EVERY}"),
        ("nowt", 1, 1, "`nowt` is not known; did you mean `now`?"),
        ("client.kind == laptop", 1, 16, '`laptop` is not known; text needs quotes: "laptop"'),
        ("1 in n", 1, 6, '`n` is not known; text needs quotes: "n"'),
        ("foo(1) == 1", 1, 1, "there is no function `foo`; use one that CEL defines"),
        ("true &&\n user.name.foo (1)", 2, 12, "there is no function `foo`; use one that CEL defines"),
        ("foo\n (1)", 1, 1, "there is no function `foo`; use one that CEL defines"),
        ("client.kind == 3", 1, 13, "`==` does not go with the types (string, int); compare values of one type"),
        ("'a' in client.os", 1, 5, "`in` does not go with the types (string, string); compare values of one type"),
        ("true ? 1 : ''", 1, 6, "`? :` does not go with the types (bool, int, string); compare values of one type"),
        ("client.kind ==", 1, 15, ENDS),
        ("", 1, 1, ENDS),
        ("true &&\n (true", 2, 7, ENDS),
        ("true &&\n client.kind == 'laptop", 2, 17, "this text has no end; close the quote"),
        ('client.kind=="laptop', 1, 14, "this text has no end; close the quote"),
        ("true &&\n #", 2, 2, "`#` means nothing in CEL; use straight quotes, plain spaces and operators"),
        ("client.kind == “laptop”", 1, 16, "`“` means nothing in CEL; use straight quotes, plain spaces and operators"),
        ("client.kind\u00a0== ''", 1, 12, "`U+00A0` means nothing in CEL; use straight quotes, plain spaces and operators"),
        ("'' == 1 1 == ''", 1, 9, "mismatched input '1'; write a CEL expression"),
        ("client.os 'a'", 1, 11, "extraneous input ''a''; write a CEL expression"),
        ("1 + ) == 1", 1, 5, "mismatched input ')'; write a CEL expression"),
        ("user.name.x", 1, 10, "expression of type 'string' cannot be the operand of a select operation; write a CEL expression"),
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
    words = f"`{written}` is not an operator; use `{operator}`"
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
    assert fault == ConditionFault(1, 1, "INTERNAL: something new; write a simpler condition")
    [fault] = translated("CANCELLED: too deep [CANCELLED]", "true")
    assert fault == ConditionFault(1, 1, "too deep; write a simpler condition")
