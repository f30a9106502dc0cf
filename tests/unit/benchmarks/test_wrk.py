"""A rate counts only where every answer was right."""

import pytest
from benchmarks.wrk import LoadFailed, rate_of

GOOD = """\
Running 1s test @ http://127.0.0.1:8080/page.html
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.47ms  480.11us   9.03ms   92.11%
    Req/Sec    21.80k     1.42k   23.95k    80.00%
  21704 requests in 1.00s, 173.45MB read
Requests/sec:  21683.52
Transfer/sec:    173.29MB
"""


def test_the_rate_is_read() -> None:
    assert rate_of(GOOD) == 21683.52


@pytest.mark.parametrize(
    "line",
    ["  Non-2xx or 3xx responses: 7", "  Socket errors: connect 0, read 3, write 0, timeout 0"],
)
def test_a_wrong_answer_spoils_the_rate(line: str) -> None:
    with pytest.raises(LoadFailed, match=line.strip()):
        rate_of(GOOD.replace("Requests/sec", f"{line}\nRequests/sec"))


def test_no_rate_is_told_with_what_wrk_said() -> None:
    with pytest.raises(LoadFailed, match="unable to connect"):
        rate_of("unable to connect to 127.0.0.1:1 Connection refused\n")
