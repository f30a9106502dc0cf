"""When a rule halts by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.policy.examples import NOW, PHONE, refusal

from mailgate.model import (
    FOUND_BESIDE,
    Access,
    Assurance,
    AttestationResult,
    CertificateResult,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy.halting import HaltCounter, HaltSubject, HaltWhen, countable_subject

MINUTE = timedelta(minutes=1)


def limits(**given: object) -> HaltWhen:
    return HaltWhen.model_validate({"block_rate": "10%", "at_least": 3} | given)


def tally(stopped: int, passed: int, **given: object) -> HaltCounter:
    counted = HaltCounter(limits(**given))
    for number in range(stopped + passed):
        counted.count(HaltSubject(f"person-{number}"), stopped=number < stopped, now=NOW)
    return counted


@pytest.mark.parametrize(
    "bad",
    [
        {"block_rate": "5"},
        {"of": "devices"},
        {"at_least": 0},
        {"at_least": 1_000_001},
        {"help_requests": 0},
        {"help_requests": 1_000_001},
        {"within": "soon"},
        {"since": "1h"},
    ],
)
def test_a_malformed_limit_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        limits(**bad)


def test_a_limit_needs_a_rate_or_a_number_of_help_requests() -> None:
    words = "no limit is given; set `block_rate`, `help_requests` or both"
    assert refusal(HaltWhen, {"at_least": 3}) == ("halt_when", {"words": words})
    others = {"of": "people", "at_least": 20, "within": timedelta(hours=1)}
    for limit in ({"block_rate": "10%", "help_requests": None}, {"block_rate": None, "help_requests": 1}):
        read = HaltWhen.model_validate(limit).model_dump()
        assert read == {**limit, **others, "block_rate": limit["block_rate"] and 0.1}
    for bound in (1, 1_000_000):
        assert limits(at_least=bound, help_requests=bound).at_least == bound


@pytest.mark.parametrize(
    ("stopped", "passed", "halts"),
    [(3, 26, True), (3, 27, False), (3, 0, True), (2, 0, False), (1, 0, False), (0, 100, False)],
)
def test_a_rule_halts_above_the_rate_and_never_for_a_few(stopped: int, passed: int, halts: bool) -> None:
    assert bool(tally(stopped, passed).halt_reason(NOW)) is halts


def test_the_reason_has_every_number() -> None:
    words = "4 of 10 people were refused within 1h; the limit is 10%"
    assert tally(4, 6).halt_reason(NOW) == words


def test_the_reason_says_how_many_of_those_who_came_are_devices() -> None:
    counter = tally(4, 6)
    for device in ("d1", "d2"):
        counter.count(HaltSubject("", device), stopped=device == "d1", now=NOW)
    assert counter.halt_reason(NOW) == (
        "5 of 12 people were refused within 1h; the limit is 10%; "
        "2 of those who came are devices whose person is not known"
    )


def test_one_person_counts_once_however_often_they_come() -> None:
    counted = tally(2, 10)
    for _ in range(1000):
        counted.count(HaltSubject("person-0"), stopped=True, now=NOW)
    assert counted.halt_reason(NOW) == ""


def test_one_person_halts_no_more_by_requests_than_by_people() -> None:
    """Three are kept out as the rule means it. One of them repeats, and the rule stays."""
    counted = tally(3, 97, of="requests")
    for _ in range(1000):
        counted.count(HaltSubject("person-0"), stopped=True, now=NOW)
    assert counted.halt_reason(NOW) == ""


def test_a_person_counts_by_the_refused_share_of_their_requests() -> None:
    counted = tally(4, 16, of="requests")
    assert counted.halt_reason(NOW) == (
        "20% of the requests of 20 people, each with the same weight, were refused within 1h; the limit is 10%"
    )
    for number in range(4):
        counted.count(HaltSubject(f"person-{number}"), stopped=False, now=NOW)
    assert counted.halt_reason(NOW) == ""  # 10% now, which is not more than the limit
    assert tally(4, 16).halt_reason(NOW)


@pytest.mark.parametrize("of", ["people", "requests"])
def test_nameless_devices_are_one_person_among_the_refused(of: str) -> None:
    counted = tally(2, 2, of=of)
    for number in range(50):
        counted.count(HaltSubject("", f"device-{number}"), stopped=True, now=NOW)
    assert counted.halt_reason(NOW) == ""  # 3 of 54: each device that came counts
    counted = tally(2, 2, of=of)
    counted.count(HaltSubject("", "device-1"), stopped=True, now=NOW)
    assert counted.halt_reason(NOW).startswith("3 of 5 people" if of == "people" else "60%")


Event = tuple[int, int, bool, int]
"""A person from 0 on (-1: nobody knows), a device, whether it was kept out, and the minute."""
EVENTS = st.lists(
    st.tuples(st.integers(-1, 5), st.integers(0, 3), st.booleans(), st.integers(0, 30)), max_size=60
)


@given(EVENTS, st.integers(1, 4), st.sampled_from(["0%", "10%", "30%", "60%"]), st.data())
def test_no_halt_without_so_many_different_people_whatever_each_sends(
    happened: list[Event], at_least: int, rate: str, data: st.DataObject
) -> None:
    """The law, also for one who then floods."""
    given_ = {"at_least": at_least, "block_rate": rate, "within": "10m"}
    by = {of: HaltCounter(limits(**given_, of=of)) for of in ("people", "requests")}
    told = sorted(happened, key=lambda each: each[3])
    if told:
        told += [(*data.draw(st.sampled_from(told))[:2], True, 30)] * data.draw(st.integers(0, 40))
    for person, device, stopped, minute in told:
        subject = HaltSubject(str(person)) if person >= 0 else HaltSubject("", str(device))
        for counted in by.values():
            counted.count(subject, stopped=stopped, now=NOW + minute * MINUTE)
    now, recent = NOW + 30 * MINUTE, [each for each in told if each[3] > 20]
    people = {each[0] for each in recent if each[2]}
    came = len({each[:2] if each[0] < 0 else each[0] for each in recent})
    enough = len(people) >= at_least and len(people) > by["people"].limits.block_rate * came
    assert bool(by["people"].halt_reason(now)) is enough
    assert enough or not by["requests"].halt_reason(now)


@pytest.mark.parametrize("of", ["people", "requests"])
def test_counts_before_the_window_are_forgotten(of: str) -> None:
    counted = tally(5, 5, of=of, within="10m")
    assert counted.halt_reason(NOW + 9 * MINUTE)
    assert counted.halt_reason(NOW + 10 * MINUTE) == ""


def test_a_request_counts_for_about_the_window() -> None:
    """Those of a twelfth are forgotten together, with the first of them."""
    counted = HaltCounter(limits(block_rate="40%", at_least=1, of="requests", within="12m"))
    counted.count(HaltSubject("b"), stopped=False, now=NOW)
    for seconds, stopped in [
        (0, False),
        (1, False),
        (59, True),
        *((60 + each, each < 3) for each in range(6)),
    ]:
        counted.count(HaltSubject("a"), stopped=stopped, now=NOW + timedelta(seconds=seconds))
    assert counted.halt_reason(NOW + 12 * MINUTE - timedelta(microseconds=1)) == ""
    assert counted.halt_reason(NOW + 12 * MINUTE) == (
        "50% of the requests of 1 people, each with the same weight, were refused within 12m; the limit is 40%"
    )


def test_a_person_who_comes_again_stays_in_the_window() -> None:
    counted = tally(3, 0, within="10m")
    for number in range(3):
        counted.count(HaltSubject(f"person-{number}"), stopped=True, now=NOW + 8 * MINUTE)
    assert counted.halt_reason(NOW + 15 * MINUTE)


def test_without_a_rate_only_requests_for_help_count() -> None:
    assert tally(100, 0, block_rate=None, help_requests=2).halt_reason(NOW) == ""
    only_help = limits(block_rate=None, help_requests=2)
    assert [bool(only_help.too_many_help_requests(count)) for count in (0, 1, 2, 3)] == [
        False,
        False,
        True,
        True,
    ]
    assert only_help.too_many_help_requests(2) == "2 people asked for help within 1h; the limit is 2"
    assert limits().too_many_help_requests(1000) == ""


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 30)), max_size=60))
def test_the_counts_are_those_of_looking_at_everything_that_happened(
    happened: list[tuple[int, bool, int]],
) -> None:
    counted = HaltCounter(limits(within="10m", block_rate="30%", at_least=1))
    told = sorted(happened, key=lambda each: each[2])
    for person, stopped, minute in told:
        counted.count(HaltSubject(str(person)), stopped=stopped, now=NOW + minute * MINUTE)
    recent = [each for each in told if each[2] > 20]
    came, stopped = {each[0] for each in recent}, {each[0] for each in recent if each[1]}
    assert bool(counted.halt_reason(NOW + 30 * MINUTE)) is (bool(stopped) and len(stopped) > 0.3 * len(came))


KNOWN = Posture(PostureState.LISTED, device_id="d1", owner="Ada")
PROOF = AttestationResult(device_id="d1", user="ada")
CERTIFICATE = CertificateResult("thumbprint")


def by(person: str) -> Access:
    return Access(RequestFacts(user=person), PHONE, Posture(), NOW, User(person))


@pytest.mark.parametrize(
    ("access", "who"),
    [
        (by("Lin"), ("lin", "")),
        (replace(by(""), posture=KNOWN), ("", "")),
        (replace(by(""), posture=KNOWN, certificate=CERTIFICATE), ("ada", "d1")),
        (
            replace(by(""), posture=KNOWN, certificate=CertificateResult(refused=Reason.CERTIFICATE_INVALID)),
            ("", ""),
        ),
        (
            replace(by(""), posture=KNOWN, certificate=CERTIFICATE, client=replace(PHONE, eas_id="a1")),
            ("", ""),
        ),
        (
            replace(
                by(""),
                posture=KNOWN,
                certificate=CERTIFICATE,
                client=replace(PHONE, eas_id="a1", assurance=Assurance.ATTESTED),
            ),
            ("ada", "d1"),
        ),
        (
            replace(
                by(""),
                posture=KNOWN,
                certificate=CERTIFICATE,
                client=replace(PHONE, findings=(FOUND_BESIDE[Reason.TWO_DEVICES],)),
            ),
            ("", ""),
        ),
        (replace(by(""), posture=replace(KNOWN, owner=""), attestation=replace(PROOF, user="")), ("", "d1")),
        (replace(by(""), attestation=PROOF), ("ada", "")),
        (replace(by(""), attestation=replace(PROOF, refused=Reason.TOKEN_EXPIRED)), ("", "")),
        (
            replace(by(""), user=User("made-up"), client=replace(PHONE, protocol=Protocol.ACTIVESYNC)),
            ("", ""),
        ),
        (replace(by("lin"), posture=KNOWN, client=replace(PHONE, protocol=Protocol.IMAP)), ("", "")),
        (by(""), ("", "")),
    ],
)
def test_nobody_counts_by_their_own_word_alone(access: Access, who: tuple[str, str]) -> None:
    assert countable_subject(access) == who
