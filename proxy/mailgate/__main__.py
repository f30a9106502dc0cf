"""The command ``mailgate``, also as ``python -m mailgate``."""

import gc
import os
import signal
import sys


def main() -> None:
    """Run a command. Of the signals to a gate that starts, some end it, and the others wait until it handles them."""
    if sys.argv[1:2] == ["run"]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGUSR2})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)
    gc.disable()  # everything that is imported stays: looking for garbage in it repeatedly took a seventh of the time
    from mailgate import cli  # here, since it takes most of a second

    cli.load(sys.argv[1:2])
    gc.freeze()
    gc.enable()
    cli.main()


def _end(*_: object) -> None:
    """End a gate that has opened nothing yet. The first process of a container would not hear a signal without a handler.

    An exception would be lost in a callback of the imports, which print it and go on.
    """
    os._exit(0)


if __name__ == "__main__":
    main()
