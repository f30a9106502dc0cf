"""What wrk prints is read, and figures that mean nothing are refused."""

import pytest
from benchmarks.wrk import Answered, LoadFailed, answered

PRINTED = """\
Running 2s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  29264 requests in 2.00s, 171.32MB read
{more}Requests/sec:  14632.25
Transfer/sec:     85.65MB
prepared in 0.148 s
"""


@pytest.mark.parametrize(("more", "refused"), [("", 0), ("  Non-2xx or 3xx responses: 12\n", 12)])
def test_a_load_is_read(more: str, refused: int) -> None:
    assert answered(PRINTED.format(more=more)) == Answered(29264, 14632.25, refused, 0.148)


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        (PRINTED.format(more="  Socket errors: connect 0, read 3, write 0, timeout 0\n"), "Socket errors: connect 0, read 3"),
        (PRINTED.format(more="").replace("29264", "0"), "no rate"),
        ("unable to connect to 127.0.0.1:1 Connection refused\n", "Connection refused"),
    ],
)  # fmt: skip
def test_a_load_with_a_broken_connection_or_without_answers_has_failed(printed: str, why: str) -> None:
    with pytest.raises(LoadFailed, match=why):
        answered(printed)
