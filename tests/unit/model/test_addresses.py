import pytest

from mailgate.model.addresses import canonical_address, rate_limit_key, read_address


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9\t", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:203.0.113.9", "203.0.113.9"),
        ("::ffff:cb00:7109", "203.0.113.9"),
        ("0:0:0:0:0:ffff:203.0.113.9", "203.0.113.9"),
        ("0000:0000:0000:0000:0000:ffff:cb00:7109", "203.0.113.9"),
        ("::ffff:203.0.113.9%eth0", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
        ("64:ff9b::203.0.113.9", "203.0.113.9"),
        ("64:FF9B::cb00:7109", "203.0.113.9"),
        ("2001:DB8:0000::0001", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:65535", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ('"203.0.113.9"', "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%<b>", "fe80::1"),
        ("2002:cb00:7109::1", "2002:cb00:7109::1"),
        ("64:ff9b:1::203.0.113.9", "64:ff9b:1::cb00:7109"),
        ("::203.0.113.9", "::cb00:7109"),
    ],
)
def test_every_spelling_of_an_address_is_one(text, form):
    assert canonical_address(text) == canonical_address(form) == str(read_address(text)) == form


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"',
        '"203.0.113.99',
        '1203.0.113.9"',
        "unix:",
        "unknown",
        "_hidden",
        "mail.example.com",
        "203.0.113.009",
        "0xcb.0.113.9",
        "3405803785",
        "203.0.113.9/32",
        "203.0.113.9%eth0",
        "203.0.113.9:",
        "203.0.113.9:123456",
        "203.0.113.9, 10.0.0.1",
        "[203.0.113.9",
        "[]",
        "[]:80",
        "2001:db8::1]:443",
        "\u0662.1.1.1",
    ],
)
def test_an_ambiguous_or_malformed_address_is_no_address(text):
    assert read_address(text) is None
    assert canonical_address(text) == rate_limit_key(text) == text


def test_a_text_of_more_than_128_characters_is_not_even_read() -> None:
    """It would stay in memory."""
    longest = "fe80::1%".ljust(128, "z")
    for text, is_read in ((longest, True), (f"{longest}z", False)):
        assert str(read_address(text)) == ("fe80::1" if is_read else "None")
        assert canonical_address(text) == ("fe80::1" if is_read else text)
        assert rate_limit_key(text) == ("fe80::/64" if is_read else text)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("2001:DB8:0:1::", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("ffff:ffff:ffff:ffff:8000::", "ffff:ffff:ffff:ffff::/64"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_a_caller_by_ipv6_has_a_whole_network(address: str, network: str) -> None:
    assert rate_limit_key(address) == network
