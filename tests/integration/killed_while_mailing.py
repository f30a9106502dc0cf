"""Lets a process end itself by SIGKILL while it sends mails: before or after one of the steps, the n-th time."""

import os
import signal
from typing import Any

DEATH = "TEST_DIES"
"""Environment of a forked command: the name of the step, ``before`` or ``after`` it, and how often it comes to that."""


def arm(name: str, when: str, number: str) -> None:
    from mailgate.mail.transport import FolderTransport, SmtpTransport
    from mailgate.store.mail_queue import MailQueue
    from mailgate.store.retractions import Retractions

    left = int(number)

    def dying(real: Any) -> Any:
        async def called(self: Any, *given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = await real(self, *given, **named)
            if left == 0 and when == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return called

    for each in (MailQueue, Retractions, SmtpTransport, FolderTransport):
        if hasattr(each, name):
            setattr(each, name, dying(getattr(each, name)))
