"""A request that somebody describes."""

import pytest

from mailgate.errors import ConfigError
from mailgate.policy import AppCatalog
from mailgate.views.described_requests import read_headers, read_request


def test_headers_as_browsers_copy_them() -> None:
    asked = read_headers(
        "POST /mail?x=1 HTTP/2\r\nUser-Agent: A\r\n\r\nAccept:  b \nACCEPT: c\n", "pasted"
    ).facts()
    assert (asked.method, asked.target) == ("POST", "/mail?x=1")
    assert asked.headers == {"user-agent": "A", "accept": "b, c"}


def test_one_line_without_a_name_is_the_user_agent() -> None:
    assert (
        read_headers(" Mozilla/5.0 (X11; Linux x86_64) ", "pasted").facts().user_agent
        == "Mozilla/5.0 (X11; Linux x86_64)"
    )


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [1]),
        ("  \n\n", [1]),
        ("A: b\nno\n\nnor this", [2, 4]),
        ("GET / HTTP/1.1\nno", [2]),
        ("a b: c\nd: e", [1]),
    ],
)
def test_every_line_that_is_no_header_is_named(text: str, places: list[int]) -> None:
    with pytest.raises(ConfigError) as error:
        read_headers(text, "pasted")
    assert [each.line for each in error.value.mistakes] == places


@pytest.mark.parametrize(
    "data",
    [
        b'{"user_agent": "A", "device": {"state": "stale"}}',
        b"request: {user_agent: A}\ndevice: {state: stale}\n",
    ],
    ids=["JSON", "YAML"],
)
def test_json_and_yaml_say_what_is_known_of_the_device_too(data: bytes) -> None:
    found = read_request(data, "pasted", AppCatalog())
    assert (found.request.user_agent, found.device and found.device.state) == ("A", "stale")


def test_every_mistake_in_it_is_named() -> None:
    with pytest.raises(ConfigError, match="`methd` is not known"):
        read_request(b'{"methd": "GET"}', "pasted", AppCatalog())
