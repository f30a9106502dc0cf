import pytest
from structlog.testing import capture_logs

from mailgate.gateway.failure import Failure, note_failure, translate
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.upstream import (
    UpstreamClosed,
    UpstreamMalformed,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mailgate.model import Reason

SECRET = "c2VjcmV0"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (
            RequestRefused(405, Reason.METHOD_NOT_ALLOWED, "This address takes GET.", ("GET",)),
            Failure(405, Reason.METHOD_NOT_ALLOWED, "This address takes GET.", ("GET",)),
        ),
        (UpstreamUnreachable("10.0.0.7 refused"), Failure(502, Reason.UPSTREAM_UNREACHABLE)),
        (UpstreamTimeout("nothing came"), Failure(504, Reason.UPSTREAM_TIMEOUT)),
        (UpstreamMalformed("bad head"), Failure(502, Reason.UPSTREAM_MALFORMED)),
        (UpstreamClosed("gone"), Failure(502, Reason.UPSTREAM_MALFORMED)),
        (KeyError("secret"), Failure(500, Reason.INTERNAL_ERROR)),
    ],
)
def test_an_error_becomes_a_status_and_a_reason_and_tells_nothing_of_the_inside(error, failure):
    assert translate(error) == failure


def test_what_is_ours_is_logged_by_kind_and_place_not_by_its_text():
    with capture_logs() as logs:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            note_failure(translate(error), "REFERENCE", error)
    (line,) = logs
    assert (line["event"], line["log_level"], line["error"]) == ("failed", "error", "KeyError")
    assert SECRET not in str(line)
    assert "test_failure" in line["where"][-1]
