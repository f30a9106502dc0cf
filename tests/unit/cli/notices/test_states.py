import json
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.cli.notices.desk import folder as folder
from tests.unit.cli.notices.desk import run
from tests.unit.store.examples import NOW

from mailgate.store import MailState, Store


@pytest.fixture
def unsure(folder: Path) -> str:
    """The id of a mail of which nobody knows whether it was taken."""
    run("send", "app", "--kind", "enforced", "--yes", "--no-wait")

    async def lose(store: Store) -> str:
        (mail,) = await store.mails.page()
        await store.mails.begin(mail, "dead", NOW)
        await store.mails.end(mail.id, MailState.UNSURE, NOW, "lost")
        return mail.id

    return in_store(lose)


def test_without_mails_that_is_said(folder: Path) -> None:
    assert "No mail about a rule" in run("status").output
    assert "There is no such mail" in run("list").output


def test_mails_are_counted_and_listed_with_what_a_mail_server_knows_them_by(unsure: str) -> None:
    assert "unsure" in run("status").output
    assert json.loads(run("status", "--json").output)[0]["count"] == 1
    assert "ada@exa" in run("list").output
    (told,) = json.loads(run("list", "--state", "unsure", "--json").output)
    assert (told["message_id"], told["why"]) == (f"<{unsure}@example.com>", "lost")
    assert "facts" not in told
    assert json.loads(run("list", "--rule", "other", "--json").output) == []


@pytest.mark.parametrize(
    ("arguments", "state"), [(("--all", "--sent"), "sent"), (("--all", "--again"), "queued")]
)
def test_somebody_settles_what_is_unsure(unsure: str, arguments: tuple[str, ...], state: str) -> None:
    assert json.loads(run("settle", *arguments, "--json").output) == {"settled": 1}
    assert json.loads(run("status", "--json").output)[0]["state"] == state
    again = run("settle", unsure, "--sent")
    assert (again.exit_code, again.output.startswith("0 settled: the others are not unsure")) == (1, True)


def test_failed_mails_are_queued_again(folder: Path) -> None:
    run("send", "app", "--kind", "enforced", "--yes", "--no-wait")

    async def fail(store: Store) -> str:
        (mail,) = await store.mails.page()
        await store.mails.end(mail.id, MailState.FAILED, NOW, "550")
        return mail.id

    failed = in_store(fail)
    assert json.loads(run("retry", failed, "--json").output) == {"queued": 1}
    assert json.loads(run("status", "--json").output)[0]["state"] == "queued"
    again = run("retry", failed)
    assert (again.exit_code, again.output.startswith("0 queued again: the others have not failed")) == (
        1,
        True,
    )
    assert run("retry", "--all").output == "0 queued again\n"
    assert run("retry").exit_code == 2


@pytest.mark.parametrize(
    "arguments", [("--all",), ("--sent",), ("--all", "--sent", "--again"), ("x", "--all", "--sent")]
)
def test_half_an_answer_is_none(folder: Path, arguments: tuple[str, ...]) -> None:
    assert run("settle", *arguments).exit_code == 2
