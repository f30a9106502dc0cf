"""How the rules of a running gate follow the store."""

import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from mailgate.app import rule_changes
from mailgate.app.rule_changes import RuleChanges
from mailgate.store import StoreUnavailableError
from mailgate.store.change_numbers import ChangeNumbers

SAME = ChangeNumbers(activation=3, reliefs=5, devices=9)


class Gate:
    """A gate that decides by activation 3 and the reliefs 5. It notes what it is told to do, until the store says no more."""

    def __init__(self, *numbers):
        self.told, self._numbers = [], iter(numbers)
        self.store = SimpleNamespace(change_signal=self, change_numbers=self._next)
        self.keeper = SimpleNamespace(is_behind=lambda serial: serial != 3, refresh=self._note("version"))
        self.reliefs = SimpleNamespace(current=SimpleNamespace(serial=5), refresh=self._note("reliefs"))
        self.halting = SimpleNamespace(halt_rules=self._note("halts"))

    def _note(self, what):
        async def done():
            self.told.append(what)
            return True

        return done

    async def _next(self):
        found = next(self._numbers, asyncio.CancelledError())
        if isinstance(found, BaseException):
            raise found
        return found

    async def wait(self, _patience, heard):
        return heard + 1

    def take_rules(self):
        self.told.append("take rules")

    def take_reliefs(self):
        self.told.append("take reliefs")


async def followed(*numbers):
    gate = Gate(*numbers)
    with pytest.raises(asyncio.CancelledError):
        await RuleChanges(gate).run()
    return gate.told


@pytest.mark.parametrize(
    ("numbers", "done"),
    [
        (SAME, ["take rules", "halts"]),
        (SAME._replace(activation=4), ["version", "take rules", "halts"]),
        (SAME._replace(reliefs=6), ["take rules", "halts", "reliefs", "take reliefs"]),
        (StoreUnavailableError(), ["version", "take rules", "halts", "reliefs", "take reliefs"]),
    ],
    ids=["nothing changed", "other rules", "other reliefs", "the store is away, each part goes on in its own way"],
)  # fmt: skip
async def test_only_what_has_changed_is_read(numbers, done):
    assert await followed(numbers) == done


async def test_it_looks_again_whatever_broke_a_look():
    with capture_logs() as logs:
        assert await followed(KeyError("a version that nobody foresaw"), SAME) == ["take rules", "halts"]
    assert logs == [{"event": "policy-look-failed", "error": "KeyError", "log_level": "error"}]


def test_looks_come_often_enough_for_a_second_in_all():
    assert rule_changes.POLL_SECONDS <= 0.25
