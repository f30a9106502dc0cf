"""No request of a mix comes a second time, and each is one that its client could have sent."""

from collections import Counter
from itertools import islice

import pytest
from benchmarks.traffic.mixes import MIXES
from benchmarks.traffic.people import people

from mailgate.classify import classify
from mailgate.model import Kind, RequestFacts

MANY = 3000
VARIED = ("page", "mixed", "fresh", "proxied")
REFUSED = ("refused_page", "refused_problem", "refused_activesync")


def asked(mix: str, count: int = MANY, turn: int = 1) -> list[bytes]:
    return list(islice(MIXES[mix].requests(turn), count))


def parts(request: bytes) -> tuple[str, str, dict[str, str], bytes]:
    """Method, target, fields by their lower names, body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines)
    return method, target, {name.lower(): value for name, value in fields.items()}, body


def kind_of(request: bytes) -> Kind:
    method, target, headers, _ = parts(request)
    facts = RequestFacts(
        method=method, target=target, host=headers["host"], remote="127.0.0.1", headers=headers
    )
    return classify(facts).kind


@pytest.mark.parametrize("mix", [*VARIED, *REFUSED])
def test_nothing_comes_again(mix: str) -> None:
    """An asset is the same for everybody, as in a webmail, and everybody asks for it once."""
    count = 100_000 if mix == "mixed" else MANY
    assert len(set(map(hash, islice(MIXES[mix].requests(1), count)))) == count


def test_ids_and_tokens_never_come_again_in_another_round() -> None:
    rounds = [{parts(each)[1] for each in asked("page", turn=turn)} for turn in (1, 2)]
    assert len(rounds[0]) == len(rounds[1]) == MANY
    assert not rounds[0] & rounds[1]


def test_mixed_traffic_is_of_the_shares_that_it_should_be() -> None:
    targets = Counter(parts(each)[1].split("/")[1] for each in asked("mixed", 800))
    assert targets["mail"] == 200
    assert targets["xhr"] + targets["live"] == 280
    assert targets["assets"] == 200
    assert targets["post"] == 120


def test_some_assets_are_asked_for_only_if_they_have_changed() -> None:
    known = ["if-modified-since" in parts(each)[2] for each in asked("mixed") if b" /assets/" in each]
    assert 0.4 < sum(known) / len(known) < 0.8


@pytest.mark.parametrize("mix", MIXES)
def test_a_body_is_as_long_as_it_says(mix: str) -> None:
    for each in asked(mix, 400):
        method, _, headers, body = parts(each)
        assert len(body) == int(headers.get("content-length", 0))
        assert (method == "POST") == bool(body)
        assert len(body) == 0 or mix.startswith("refused") or 100 <= len(body) <= 2000


@pytest.mark.parametrize("mix", [*VARIED, "repeated"])
def test_who_is_let_in_is_a_laptop(mix: str) -> None:
    assert {kind_of(each) for each in asked(mix, 500)} == {Kind.LAPTOP}


@pytest.mark.parametrize("mix", REFUSED)
def test_who_is_refused_is_a_phone(mix: str) -> None:
    assert {kind_of(each) for each in asked(mix, 200)} == {Kind.PHONE}


def test_the_people_have_cookies_and_agents_of_their_own() -> None:
    everybody = people()
    assert len({each.cookie for each in everybody}) == len(everybody) >= 4000
    agents = Counter(each.agent for each in everybody)
    assert len(agents) >= 2000
    assert sum(number for _, number in agents.most_common(60)) > len(everybody) / 2
    assert len({each.address for each in everybody}) == len(everybody)
    assert people()[7] == everybody[7]


@pytest.mark.parametrize("mix", ["fresh", *REFUSED])
def test_every_user_agent_is_new(mix: str) -> None:
    agents = {parts(each)[2]["user-agent"] for each in asked(mix)}
    assert len(agents) == MANY


def test_a_trusted_proxy_tells_thousands_of_addresses() -> None:
    assert len({parts(each)[2]["x-forwarded-for"] for each in asked("proxied")}) >= 2000
    assert "x-forwarded-for" not in parts(asked("mixed", 1)[0])[2]


def test_one_request_is_repeated() -> None:
    assert len(set(asked("repeated"))) == 1
