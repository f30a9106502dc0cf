"""Where the webmail's own address must not reach the client, and where bytes must stay as they are."""

import pytest

from mailgate.http.proxy.rewrite import Rewrite

REWRITE = Rewrite.between("https://mail.example.com", "http://inner:9080")


@pytest.mark.parametrize(
    ("location", "rewritten"),
    [
        (b"http://inner:9080/a?b#c", b"https://mail.example.com/a?b#c"),
        (b"HTTP://INNER:9080", b"https://mail.example.com"),
        (b"http://inner:9080?b", b"https://mail.example.com?b"),
        (b"//inner:9080/a", b"https://mail.example.com/a"),
        (b"http://mail.example.com/a", b"https://mail.example.com/a"),
        (b"/a%2Fb?c", b"/a%2Fb?c"),
        (b"a", b"a"),
        (b"", b""),
        (b"http://inner:90801/a", b"http://inner:90801/a"),
        (b"http://inner:9080.evil.example/", b"http://inner:9080.evil.example/"),
        (b"http://inner:9080@evil.example/", b"http://inner:9080@evil.example/"),
        (
            b"https://sso.example.com/?back=http://inner:9080/",
            b"https://sso.example.com/?back=http://inner:9080/",
        ),
    ],
)
@pytest.mark.parametrize("name", [b"location", b"content-location", b"x-ms-location"])
def test_a_location_at_the_inner_host_becomes_public(name, location, rewritten):
    assert REWRITE.field(name, location) == rewritten


def test_a_plain_public_address_is_not_changed_to_itself():
    plain = Rewrite.between("http://localhost:8080", "http://127.0.0.1:9080")
    assert plain.field(b"location", b"http://localhost:8080/a") == b"http://localhost:8080/a"
    assert plain.field(b"location", b"http://127.0.0.1:9080/a") == b"http://localhost:8080/a"


@pytest.mark.parametrize(
    ("upstream", "location", "rewritten"),
    [
        ("http://inner", b"http://inner:80/a", b"https://mail.example.com/a"),
        ("http://inner:80", b"http://inner/a", b"https://mail.example.com/a"),
        ("https://inner", b"https://inner:443/a", b"https://mail.example.com/a"),
        ("https://inner:443", b"https://inner", b"https://mail.example.com"),
        ("http://inner", b"//inner:80/a", b"https://mail.example.com/a"),
        ("http://[2001:db8::1]", b"http://[2001:db8::1]:80/a", b"https://mail.example.com/a"),
        ("http://inner", b"http://inner:8080/a", b"http://inner:8080/a"),
        ("http://inner", b"https://inner:80/a", b"https://inner:80/a"),
        ("http://inner:9080", b"http://inner/a", b"http://inner/a"),
        ("http://inner:443", b"http://inner/a", b"http://inner/a"),
    ],
)
def test_a_port_that_goes_without_saying_may_be_said(upstream, location, rewritten):
    """RFC 9110, 4.2.3: both spellings are one origin."""
    rewrite = Rewrite.between("https://mail.example.com", upstream)
    assert rewrite.field(b"location", location) == rewritten


@pytest.mark.parametrize(
    ("cookie", "rewritten"),
    [
        (b"a=b; Domain=inner; Path=/", b"a=b; Path=/"),
        (b"a=b; Path=/;DOMAIN = .Inner", b"a=b; Path=/"),
        (b"a=b; Domain=example.com; Path=/", b"a=b; Domain=example.com; Path=/"),
        (b"a=b; Domain=inner.example", b"a=b; Domain=inner.example"),
        (b"domain=inner; Path=/", b"domain=inner; Path=/"),
        (b"a=b;  Secure ;HttpOnly", b"a=b;  Secure ;HttpOnly"),
    ],
)
def test_a_cookie_for_the_inner_host_becomes_one_for_this_host(cookie, rewritten):
    """RFC 6265, 5.3 (6): a browser drops a cookie whose Domain does not match."""
    assert REWRITE.field(b"set-cookie", cookie) == rewritten


def test_cookies_stay_as_they_are_where_both_hosts_have_one_name():
    same = Rewrite.between("https://mail.example.com", "http://mail.example.com:9080")
    assert same.field(b"set-cookie", b"a=b; Domain=mail.example.com") == b"a=b; Domain=mail.example.com"


@pytest.mark.parametrize("name", [b"link", b"x-location", b"content-security-policy"])
def test_no_other_field_is_touched(name):
    assert REWRITE.field(name, b"http://inner:9080/") == b"http://inner:9080/"
