import json

import pytest
from tests.unit.cli.calls import call

PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0"


def run(*arguments: str, lines: bytes = b"") -> tuple[int, str]:
    result = call("classify", *arguments, answer=lines)
    return result.exit_code, result.output


def answers(*lines: object) -> tuple[int, list[dict[str, object]]]:
    """Exit code and objects for lines given as text, or as objects that become JSON."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    code, output = run(
        "--json", "-", lines="".join(f"{text}\n" for text in texts).encode("utf-8", "surrogatepass")
    )
    return code, [json.loads(line) for line in output.splitlines()]


def test_each_line_is_answered_by_one_object_in_order() -> None:
    code, (phone, mac, empty) = answers(PHONE, {"User-Agent": MAC}, "")
    assert (code, phone["kind"], mac["kind"], empty["kind"]) == (0, "phone", "laptop", "unknown")
    assert set(mac) == {
        *("kind", "handheld", "assurance", "form", "os", "os_version", "browser", "browser_version", "model"),
        *("contradicted", "signals", "findings", "protocol"),
        *("eas_id", "eas_type", "eas_command", "eas_version", "eas_user"),
    }
    assert mac["signals"] == [
        {"source": "user-agent", "name": "macintosh", "value": "Macintosh", "says": "laptop"}
    ]


def test_a_malformed_line_is_an_error_and_the_next_is_answered() -> None:
    code, told = answers('{"a":', '{"user-agent": 7}', '{"headers": []}', "{" * 90_000, '{"path": 1}', PHONE)
    assert code == 1
    assert [set(answer) for answer in told[:-1]] == [{"error"}] * 5
    assert told[-1]["kind"] == "phone"


@pytest.mark.parametrize(
    "described",
    [
        {"USER-AGENT": MAC, "Sec-CH-UA-Mobile": "?1"},
        {"headers": {"user-agent": MAC, "sec-ch-ua-mobile": "?1"}},
        {"user-agent": [MAC], "sec-ch-ua-mobile": "?1", "sec-ch-ua-model": None},
        {"user_agent": MAC, "headers": {"sec-ch-ua-mobile": "?1"}},
        {"user_agent": MAC, "sec-ch-ua-mobile": "?1"},
        {"HTTP_USER_AGENT": MAC, "HTTP_SEC_CH_UA_MOBILE": "?1", "http-accept": "*/*"},
        {"User-Agent": MAC, "path": "/Microsoft-Server-ActiveSync?DeviceType=iPhone"},
        {"user-agent": MAC, ":path": "/Microsoft-Server-ActiveSync?DeviceType=iPhone", ":method": "POST"},
        {
            "headers": {"User-Agent": MAC},
            "method": "POST",
            "target": "/microsoft-server-activesync?DeviceType=iPhone",
        },
    ],
)
def test_a_request_may_be_described_in_every_way(described: dict[str, object]) -> None:
    _, (told,) = answers(described)
    assert (told["kind"], told["handheld"], told["contradicted"]) == ("phone", True, True)


def test_bytes_that_are_not_utf8_and_lone_surrogates_are_answered() -> None:
    code, output = run(
        "--json", "-", lines=b"\xff\xfe\x00\n" + rb'{"user-agent": "\ud800"}' + b"\n" + b"\xed\xa0\x80"
    )
    assert (code, len(output.splitlines())) == (0, 3)


def test_user_agent_and_headers_may_be_arguments() -> None:
    code, output = run(MAC, "--header", "Sec-CH-UA-Mobile: ?1", "--json")
    assert (code, json.loads(output)["contradicted"]) == (0, True)


def test_the_table_shows_kind_signals_and_findings() -> None:
    code, output = run(MAC, "-H", "Sec-CH-UA-Mobile: ?1")
    assert code == 0
    assert all(
        word in output for word in ("phone", "claimed", "user-agent", "client-hints", "kind-contradicted")
    )


def test_text_of_a_client_cannot_style_the_terminal() -> None:
    target = "/Microsoft-Server-ActiveSync?DeviceType=%1b[31m[/b]"
    code, output = run("Mozilla \x1b[31m [/red] [bold]", "--method", "POST", "--target", target)
    assert code == 0
    assert "\x1b[31m" not in output
    assert "?[31m[/b]" in output


def test_lines_without_json_are_one_line_each() -> None:
    _, output = run("-", lines=f"{PHONE}\n{{\n".encode())
    phone, error = output.splitlines()
    assert phone.startswith("phone\tclaimed\tandroid")
    assert "not JSON" in error


@pytest.mark.parametrize("arguments", [[], ["--header", "no colon"], ["--header", ": x"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2
