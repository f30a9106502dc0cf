"""What wrk's script says is read, and figures that mean nothing are refused."""

import pytest
from benchmarks.wrk import Load, WrongAnswer, answered

PRINTED = """\
Running 2s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  29264 requests in 2.00s, 171.32MB read
Requests/sec:  14632.25
Transfer/sec:     85.65MB
{"count": 29264, "rate": 14632.25, "refused": 12, "broken": 0, "prepared": 0.148, "statuses": {"403": 12}}
"""


def test_a_load_is_read() -> None:
    assert answered(PRINTED) == Load(29264, 14632.25, 12, 0, 0.148, {"403": 12})


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        (PRINTED.replace('"broken": 0', '"broken": 3'), "3 connections broke"),
        (PRINTED.replace('"count": 29264', '"count": 0'), "0 requests were answered"),
        (PRINTED.partition("{")[0], "no rate"),
        ("unable to connect to 127.0.0.1:1 Connection refused\n", "Connection refused"),
    ],
)
def test_a_load_with_a_broken_connection_or_without_answers_has_failed(printed: str, why: str) -> None:
    with pytest.raises(WrongAnswer, match=why):
        answered(printed)
