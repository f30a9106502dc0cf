import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.attest.target import normalised, same_target

BASE = "https://mail.example.com/mail/"


@pytest.mark.parametrize(
    "same",
    [
        BASE,
        BASE + "?_task=mail",
        BASE + "#top",
        BASE + "?a=http://b/?c#d",
        "HTTPS://MAIL.Example.COM/mail/",
        "https://mail.example.com:443/mail/",
        "https://mail.example.com:/mail/",
        "https://mail.example.com:00443/mail/",
        "https://mail.example.com/./mail/x/..",
        "https://mail.example.com/x/../mail/.",
        "https://mail.example.com/../mail/",
        "https://mail.example.com/%6dail/",
        "https://mail.example.com/a/%2e%2E/mail/",
    ],
)
def test_the_same_target(same: str) -> None:
    assert same_target(BASE, same)


@pytest.mark.parametrize(
    "other",
    [
        "http://mail.example.com/mail/",
        "https://mail.example.com/mail",
        "https://mail.example.com/Mail/",
        "https://mail.example.com:8443/mail/",
        "https://mail.example.com:80/mail/",
        "https://mail.example.com:000443/mail/",
        "https://mail.example.com/mail/..",
        "https://mail.example.com/mail/\n",
        "https://mail.exämple.com/mail/",
        "https://mail.example.com//mail/",
        "https://mail.example.com/%2Fmail/",
        "https://mail.example.com/mail%2F",
        "https://mail.example.com.example.net/mail/",
        "https://mail.example.com@example.net/mail/",
        "https://user@mail.example.com/mail/",
        "//mail.example.com/mail/",
        "/mail/",
        "",
        " " + BASE,
        BASE + "\n",
        BASE + "%zz",
        "https://mail.example.com/mail/é",
        "wss://mail.example.com/mail/",
    ],
)
def test_another_target(other: str) -> None:
    assert not same_target(BASE, other)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://h", "http://h:80/"),
        ("https://h?a", "https://h:443/"),
        ("http://h:443/", "http://h:443/"),
        ("HTTP://[::A]:8080#b", "http://[::a]:8080/"),
        ("http://h:/a//b", "http://h:80/a//b"),
        ("http://h/%c3%a9%2f%3F%23", "http://h:80/%C3%A9%2F%3F%23"),
        ("http://h/%41%5a%61%7A%30%39%2d%2E%5F%7e%7f", "http://h:80/AZaz09-._~%7F"),
        ("http://h/.", "http://h:80/"),
        ("http://h/..", "http://h:80/"),
        ("http://h/a/b/c/../..", "http://h:80/a/"),
        ("http://h/a/b/c/../../d", "http://h:80/a/d"),
        ("http://h/a/./b/.", "http://h:80/a/b/"),
        ("http://h/.a/-/..b/...", "http://h:80/.a/-/..b/..."),
        ("http://h/a?b\n#c", "http://h:80/a"),
        ("http://h:123456/", None),
        ("http://h/a b", None),
        ("http://h/%4", None),
        ("http://", None),
        ("ftp://h/", None),
    ],
)
def test_a_url_has_one_normal_form(url: str, normal: str | None) -> None:
    assert normalised(url) == normal


def test_what_is_no_url_equals_nothing() -> None:
    assert not same_target("", "")
    assert not same_target("mail", "mail")


@given(st.from_regex(r"https?://[a-z.]{1,9}(:\d{0,5})?(/[a-zA-Z./%]{0,12})?", fullmatch=True))
def test_the_normal_form_is_normal(url: str) -> None:
    once = normalised(url)
    assert once is None or normalised(once) == once


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    normalised(text)
    normalised("http://h/" + text)
