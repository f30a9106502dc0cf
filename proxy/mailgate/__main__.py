"""The command ``mailgate``, also as ``python -m mailgate``."""

import gc
import signal
import sys


def main() -> None:
    """Run a command. Signals to a gate wait until the gate handles them (``app/serve.py``); earlier ones would end it."""
    if sys.argv[1:2] == ["run"]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGUSR2})
    gc.disable()  # everything that is imported stays: looking for garbage in it repeatedly took a seventh of the time
    from mailgate.cli import main as command  # here, since it takes a second or more

    gc.freeze()
    gc.enable()
    command()


if __name__ == "__main__":
    main()
