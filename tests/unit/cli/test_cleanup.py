"""A command that is told to end cleans up before it does."""

import os
import signal

import pytest

from mailgate.cli.cleanup import cleanup_on_signals


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize(("told", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_command_by_an_exception(told: signal.Signals, code: int) -> None:
    before = signal.getsignal(told)
    with pytest.raises(SystemExit) as ended, cleanup_on_signals():
        os.kill(os.getpid(), told)
    assert (ended.value.code, signal.getsignal(told)) == (code, before)


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cleanup_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
