"""Erases forgotten data on disk too, both in the spooled lines and in the store's own files."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from mailgate.devices.device import Device
from mailgate.policy.login_names import user_text
from mailgate.store.errors import StoreUnavailableError
from mailgate.store.spool import Spool


async def forget_lines(spools: Sequence[Spool], words: Iterable[str]) -> None:
    """Remove every line with one of these words from the spools.

    Call it before the rows are deleted; otherwise the lines would bring them back. If it raises
    ``StoreUnavailableError``, the data is not forgotten.
    """
    about = has_one_of(words)
    try:
        for spool in spools:
            await asyncio.to_thread(spool.forget, about)
    except OSError as error:
        raise StoreUnavailableError(f"the spool cannot be rewritten: {error.strerror}") from error


def words_of(device: Device) -> list[str]:
    """The words by which a line may name a device."""
    texts = [text for _, text in device.names]
    return [device.id, *device.former_ids, *texts, *(report.id for report in device.reports)]


def has_one_of(words: Iterable[str]) -> Callable[[str], bool]:
    """Make a test for lines that have one of these words. It also matches an incomplete line, since nobody can tell
    what that was about."""
    wanted = frozenset(map(user_text, words)) - {""}

    def about(line: str) -> bool:
        try:
            told = json.loads(line)
        except ValueError:
            return True
        return any(user_text(text) in wanted for text in _texts(told))

    return about


def _texts(told: object) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        yield from (text for each in told.values() for text in _texts(each))
    elif isinstance(told, list):
        yield from (text for each in told for text in _texts(each))
