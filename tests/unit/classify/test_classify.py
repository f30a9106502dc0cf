from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify import classify
from mailgate.classify.hints import HEADERS, MOBILE
from mailgate.model import Kind, RequestFacts

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
NAMES = st.sampled_from(["user-agent", *HEADERS])
HEADER_SETS = st.dictionaries(
    NAMES, st.text() | st.sampled_from([WINDOWS, "?1", "?0", '"Windows"', '"Android"'])
)


@given(st.text(), st.text() | st.just("/Microsoft-Server-ActiveSync?"), HEADER_SETS)
def test_nothing_raises_and_the_same_facts_give_the_same_client(
    method: str, target: str, headers: dict[str, str]
) -> None:
    facts = RequestFacts(method, target, headers=headers)
    client = classify(facts)
    assert client == classify(facts)
    assert client.handheld is False or client.kind is not Kind.LAPTOP


@given(HEADER_SETS)
def test_mobile_never_yields_a_laptop(headers: dict[str, str]) -> None:
    assert classify(RequestFacts(headers={**headers, MOBILE: "?1"})).kind is not Kind.LAPTOP


@given(HEADER_SETS)
def test_activesync_without_a_desktop_client_is_always_handheld(headers: dict[str, str]) -> None:
    assert classify(RequestFacts("POST", "/Microsoft-Server-ActiveSync", headers=headers)).handheld


@given(HEADER_SETS)
def test_without_a_user_agent_nothing_is_a_laptop(headers: dict[str, str]) -> None:
    assert classify(RequestFacts(headers={**headers, "user-agent": ""})).kind is not Kind.LAPTOP


def test_headers_that_are_not_read_change_nothing() -> None:
    plain = RequestFacts(headers={"user-agent": WINDOWS})
    assert classify(plain) is classify(RequestFacts(target="/a?b", headers={**plain.headers, "cookie": "x"}))


def test_megabytes_are_no_laptop_and_leave_no_trace_of_their_length() -> None:
    client = classify(RequestFacts(headers={"user-agent": WINDOWS + " Mobile" * 200_000}))
    assert client.kind is not Kind.LAPTOP
    assert sum(len(signal.value) for signal in client.signals) < 1000
