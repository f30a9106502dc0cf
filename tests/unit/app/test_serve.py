"""The process around a gate."""

import pytest
from structlog.testing import capture_logs

from mailgate.app.serve import note_stray


@pytest.mark.parametrize(
    ("context", "kind"),
    [
        ({"message": "Cookie: secret", "exception": ValueError("secret")}, "ValueError"),
        ({"message": "secret"}, "NoneType"),
    ],
)
def test_a_stray_error_is_logged_by_its_kind_alone(context, kind):
    with capture_logs() as logs:
        note_stray(None, context)
    assert logs == [{"event": "unhandled-error", "error": kind, "log_level": "error"}]
