"""The command ``mailgate``, also as ``python -m mailgate``."""

import signal
import sys


def main() -> None:
    """Run a command. A gate is told to read its files anew by SIGHUP, which ends whoever does not heed it yet: until then it waits."""
    if sys.argv[1:2] == ["run"]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    from mailgate.cli import main as command  # here, since it takes a second or more

    command()


if __name__ == "__main__":
    main()
