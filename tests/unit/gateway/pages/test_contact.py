import pytest

from mailgate.gateway.pages.contact import contact_link


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("it-help@example.com", "mailto:it-help@example.com?subject=ref%201"),
        (" it@mail.example.com ", "mailto:it@mail.example.com?subject=ref%201"),
        ("https://help.example.com/mail?a=b", "https://help.example.com/mail?a=b"),
        ("+49 (30) 1234-56", "tel:+4930123456"),
        ("Help desk, room 12", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("JAVASCRIPT:alert(1)//@example.com", ""),
        ("data:text/html,x", ""),
        ("it@example.com?bcc=evil@example.com", ""),
        ("https://help.example.com/\njavascript:x", ""),
    ],
)
def test_only_an_address_becomes_a_link(text: str, href: str) -> None:
    assert contact_link(text, "ref 1") == (text.strip(), href)
