"""Sends mails from the command line, beside gates that may send too."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mailgate.app.mails import POLL_SECONDS, postman_for, sent_act
from mailgate.cli.exit_codes import fail
from mailgate.config import Bundle
from mailgate.config.mail import NoticeSettings
from mailgate.mail.postman import Postman
from mailgate.mail.transport import TransportDownError
from mailgate.rollout.person import Person
from mailgate.store import Mail, MailState, Store

First = Callable[[], Awaitable[None]]
_TICK = 0.25
"""The seconds between two moves of the progress bar."""


async def deliver(
    store: Store, bundle: Bundle, notices: NoticeSettings, who: Person, first: First | None = None
) -> None:
    """Send until no mail is due any more. While a gate sends, wait for the gate.

    The process that sends does ``first`` once. Ends the command if no mail can be sent now.
    """
    counts: Counter[str] = Counter()

    def told(_mail: Mail, state: MailState, _why: str) -> None:
        counts[state.value] += 1

    postman = postman_for(bundle.settings, notices, store, told)
    try:
        with progress_bar("mails") as bar:
            await _send(store, postman, bar, first)
    except TransportDownError as error:
        fail(1, f"no mail can be sent now ({error}); queued mails are sent once a running gate can send them")
    finally:
        if counts:
            await store.audit.append(sent_act(who.name, who.origin, counts))


async def _send(store: Store, postman: Postman, bar: Progress, first: First | None) -> None:
    task, total = bar.add_task("sending", total=None), 0
    while first is not None or await store.mails.has_work(datetime.now(UTC)):
        sending = asyncio.get_running_loop().create_task(postman.round(first))
        while not sending.done():
            await asyncio.wait({sending}, timeout=_TICK)
            left = await waiting(store)
            total = max(total, left)
            bar.update(task, completed=total - left, total=total)
        if await sending:
            first = None
        else:
            await asyncio.sleep(POLL_SECONDS)


async def waiting(store: Store) -> int:
    """How many mails are queued."""
    return sum(each.count for each in await store.mails.counts() if each.state is MailState.QUEUED)


def progress_bar(noun: str) -> Progress:
    """A progress bar on standard error, shown at a terminal."""
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(noun),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
