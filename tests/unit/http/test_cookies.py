"""The gate's own cookies are read here and never reach the webmail."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.http.cookies import cookies_named, only_own, probe_cookie, set_cookie, without_own
from mailgate.model import RequestFacts


@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [
        (b"a=b", b"a=b"),
        (b"", b""),
        (b"a=b; mailgate-probe=x", b"a=b"),
        (b"mailgate-probe=x; a=b", b"a=b"),
        (b"mailgate-warned=x;a=b;  c", b"a=b;  c"),
        (b"a=b;mailgate-probe=1;mailgate-warned=2; c=\xff\"q;", b"a=b; c=\xff\"q;"),
        (b"mailgate-probe=x", b""),
        (b"mailgate-probe=x; mailgate-warned=y;", b""),
        (b"mailgate-probe; a=b", b"a=b"),
        (b" mailgate-probe = x ; a=b", b"a=b"),
        (b"a=mailgate-probe=x; b=c", b"a=mailgate-probe=x; b=c"),
        (b"mailgate-probes=x; xmailgate-probe=y; mailgate-other=z", b"mailgate-probes=x; xmailgate-probe=y; mailgate-other=z"),
        (b"Mailgate-Probe=x; a=b", b"Mailgate-Probe=x; a=b"),
        (b"; a=b; mailgate-probe=x", b"; a=b"),
        (b"a=b; mailgate-language=de; c=d", b"a=b; c=d"),
        (b"a=b; mailgate-lost=x; c=d", b"a=b; c=d"),
        (b"a=b; __Host-mailgate-probe=x; mailgate-probe=y; c=d", b"a=b; c=d"),
        (b"a=b; __Host-mailgate-console=x; mailgate-console-login=y; __Host-mailgate-console-language=de; c=d", b"a=b; c=d"),
    ],
)  # fmt: skip
def test_only_the_gates_own_cookies_are_taken_out(sent, passed_on):
    """RFC 6265, 4.2.1: pairs, each with ``; `` before the next. Names differ by case."""
    assert without_own(sent) == passed_on


@given(
    st.lists(st.sampled_from(["a=b", "mailgate-help=1", "__Host-mailgate-help=2", " mailgate-help = 3", "x=mailgate-help", ""]))
)  # fmt: skip
def test_the_gates_own_cookies_can_be_had_alone(pairs):
    whole = "; ".join(pairs)
    facts, alone = (RequestFacts(headers={"cookie": cookie}) for cookie in (whole, only_own(whole)))
    assert cookies_named(alone, "mailgate-help") == cookies_named(facts, "mailgate-help")
    assert not {"a=b", "x="} & set(only_own(whole).split("; "))


@given(
    st.lists(
        st.sampled_from([b"a=b", b"c=", b"d", b'e="f g"', b"mailgate-other=1", b"mailgate-probes=2"]),
        min_size=1,
    ),
    st.data(),
)
def test_the_others_stay_byte_for_byte(others, data):
    mixed = list(others)
    for own in data.draw(st.sets(st.sampled_from([b"__Host-mailgate-probe=1.x", b"mailgate-warned="]))):
        mixed.insert(data.draw(st.integers(0, len(mixed))), own)
    assert without_own(b"; ".join(mixed)) == b"; ".join(others)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("a=1; b=2", ["1"]), ("a=1; a=2;a=3", ["1", "2", "3"]), ("b=1,a=2, a=3", []), ("\xa0a=1; \x0ba=2", []), ("b=a=1", []), ("a", [""]), ("", []),
        ('odd="; a=x=y', ["x=y"]), ("A=1", []),
    ],
)  # fmt: skip
def test_every_cookie_of_a_name_is_found(header, found):
    assert cookies_named(RequestFacts(headers={"cookie": header}), "a") == found
    assert cookies_named(RequestFacts(), "a") == []


@pytest.mark.parametrize("secure", [True, False])
def test_no_script_reads_it_and_no_other_site_sends_it(secure):
    value, *attributes = set_cookie(
        "mailgate-probe", "v", RequestFacts(over_https=secure), lasts=timedelta(minutes=1)
    ).split("; ")
    assert value == ("__Host-mailgate-probe=v" if secure else "mailgate-probe=v")
    assert attributes == ["Path=/", "Max-Age=60", "HttpOnly", "SameSite=Lax", *(["Secure"] if secure else [])]


@pytest.mark.parametrize(
    "planted",
    [
        "mailgate-probe=evil",
        "x=1,__Host-mailgate-probe=evil",
        "x=1, __Host-mailgate-probe=evil",
        "__host-mailgate-probe=evil",
        "__Secure-mailgate-probe=evil",
        "x=__Host-mailgate-probe=evil",
        "\xa0__Host-mailgate-probe=evil",
        "\x1f__Host-mailgate-probe=evil",
        "__Host-mailgate-probe\x85=evil",
    ],
)
def test_over_https_nothing_that_a_sibling_host_may_set_is_read(planted):
    """A browser takes a name with this beginning from the host itself alone (RFC 6265bis, 4.1.3.2)."""
    own = RequestFacts(headers={"cookie": f"{planted}; __Host-mailgate-probe=own"}, over_https=True)
    assert cookies_named(own, "mailgate-probe") == ["own"]
    assert cookies_named(RequestFacts(headers={"cookie": planted}, over_https=True), "mailgate-probe") == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"mailgate-probe=a", (b"mailgate-probe", b"a")),
        (b"a=b; __Host-mailgate-probe=1.x; c=d", (b"__Host-mailgate-probe", b"1.x")),
        (b"a=b;mailgate-probe=x", (b"mailgate-probe", b"x")),
        (b"a=b", None),
        (b"mailgate-probe=", None),
        (b"mailgate-probe", None),
        (b"mailgate-probe=a b", None),
        (b"mailgate-probe=a, b", None),
        (b"x-mailgate-probe=a", None),
        (b"a=mailgate-probe=a", None),
        (b"a=b;  mailgate-probe=a", None),
        (b"__host-mailgate-probe=a", None),
        (b"mailgate-warned=a", None),
        (b"mailgate-probe=a; mailgate-probe=b", None),
        (b"mailgate-probe=a; mailgate-warned=b", None),
    ],
)
def test_a_probe_cookie_counts_only_alone(value, found):
    assert probe_cookie(value) == found
