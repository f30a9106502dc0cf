"""The cookie by which a browser is told apart, and knows that it has asked for help."""

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.gateway.refusals.help_cookie import HelpCookie, help_asked_cookie, name_cookie, read_help_cookie
from mailgate.model import RequestFacts

CLIENT = "0a" * 16


def with_cookie(text: str) -> RequestFacts:
    return RequestFacts("GET", "/", headers={"cookie": text})


def sent_back(field: tuple[str, str]) -> RequestFacts:
    return with_cookie(field[1].partition(";")[0])


def test_a_browser_is_known_by_its_name_and_by_the_rule_that_it_asked_about() -> None:
    asked = read_help_cookie(sent_back(help_asked_cookie(CLIENT, "no-tiktok", NOW, with_cookie(""))))
    assert asked is not None
    assert (asked.client, asked.asked_at("no-tiktok"), asked.asked_at("other")) == (CLIENT, NOW, None)
    assert read_help_cookie(sent_back(name_cookie(CLIENT, with_cookie("")))) == HelpCookie(CLIENT)
    assert HelpCookie(CLIENT).asked_at("no-tiktok") is None


@pytest.mark.parametrize(
    "value", ["", "x", CLIENT + "0", CLIENT + ".0", CLIENT.upper(), CLIENT + ".rule.1700000000"]
)
def test_what_is_not_whole_is_none(value: str) -> None:
    assert read_help_cookie(with_cookie(f"mailgate-help={value}")) is None
    whole = read_help_cookie(with_cookie(f"mailgate-help={value}; mailgate-help={CLIENT}"))
    assert whole == HelpCookie(CLIENT)


def test_it_is_secure_where_the_browser_came_so() -> None:
    over = [name_cookie(CLIENT, RequestFacts(over_https=secure)) for secure in (False, True)]
    assert ["Secure" in value for _, value in over] == [False, True]
