"""The mixes are what a webmail gets, and each record is a whole request."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from benchmarks import mixes
from benchmarks.comparison import filled
from benchmarks.people import people

MIXED = [each.partition(" ")[0] for each in mixes.mixed()]
MAKERS: tuple[Callable[[], mixes.Records], ...] = (
    mixes.mixed,
    mixes.page,
    mixes.fresh,
    mixes.named,
    mixes.refused_page,
    mixes.refused_activesync,
    mixes.clean_phones,
)


@pytest.mark.parametrize("make", MAKERS)
def test_a_record_is_one_whole_request(make: Callable[[], mixes.Records]) -> None:
    for record in make():
        head, _, body = filled(record).partition(b"\r\n\r\n")
        told = re.search(rb"\r\nContent-Length: ([0-9]+)", head)
        assert len(body) == (int(told[1]) if told else 0)
        assert b"<<" not in head + body
        assert mixes.END.decode() not in record


def test_the_shares_of_methods_are_a_webmails() -> None:
    share = {method: count / len(MIXED) for method, count in Counter(MIXED).items()}
    wanted = {"GET": 0.83, "POST": 0.13, "HEAD": 0.02, "PROPFIND": 0.01, "REPORT": 0.01}
    assert share == pytest.approx(wanted, abs=0.01)


def test_thousands_of_people_mostly_have_one_of_a_few_user_agents() -> None:
    assert len({person.cookie for person in people()}) == len(people()) >= 4000
    usual = Counter(person.agent for person in people()).most_common(40)
    assert sum(count for _, count in usual) > 0.7 * len(people())


def test_browsers_send_the_cookie_of_the_probe_beside_the_webmails() -> None:
    cookies = {person.number: f"__Host-mailgate-probe={person.number}" for person in people()}
    with_cookie = [each for each in mixes.probed(cookies=cookies) if "__Host-mailgate-probe" in each]
    without_browser = [each for each in mixes.probed(cookies=cookies) if "Thunderbird" in each]
    assert len(with_cookie) + len(without_browser) == len(MIXED)
    assert all("roundcube_sessid" in each for each in with_cookie)


def test_each_stored_phone_has_a_mail_app_of_its_own() -> None:
    assert len(set(mixes.clean_phones(range(1000)))) == 1000
