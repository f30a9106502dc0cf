import json
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.desk import folder as folder
from tests.unit.cli.desk import mails, run
from tests.unit.cli.gate_files import in_store
from tests.unit.mail.examples import OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import put_in_force
from tests.unit.store.examples import NOW

from mailgate.store import MailState, Store

ENFORCED = ("app", "--kind", "enforced")


@pytest.mark.parametrize("person", [(), ("--person", "Ada")])
def test_the_mail_is_shown_and_nothing_is_sent(folder: Path, person: tuple[str, ...]) -> None:
    shown = run("preview", *ENFORCED, *person)
    assert shown.exit_code == 0
    assert shown.output.startswith("Subject: Company mail: a rule that affects a device of yours has started")
    assert "TikTok" in shown.output
    assert mails(folder) == 0


def test_the_preview_has_other_languages_html_and_json(folder: Path) -> None:
    assert '<html lang="ar" dir="rtl">' in run("preview", *ENFORCED, "--language", "ar", "--html").output
    told = json.loads(run("preview", *ENFORCED, "--language", "ja", "--json").output)
    assert (told["language"], told["made_up"]) == ("ja", False)


def test_an_unknown_language_is_said(folder: Path) -> None:
    refused = run("preview", *ENFORCED, "--language", "xx")
    assert refused.exit_code == 2
    assert "no texts in `xx`; use one of ar, de" in refused.output


def test_a_person_without_a_mail_is_shown_none(folder: Path) -> None:
    refused = run("preview", *ENFORCED, "--person", "lin")
    assert (refused.exit_code, "is not about lin" in refused.output) == (1, True)


def test_a_made_up_phone_stands_in_where_nobody_is_known(folder: Path) -> None:
    async def change(store: Store) -> None:
        rule = "{id: nobody, when: 'client.os == \"tizen\"', effect: block}"
        await put_in_force(store, rules(policy(rule, OPEN)))

    in_store(change)
    shown = run("preview", "nobody", "--kind", "enforced")
    assert "This is the mail for a made-up phone" in shown.output
    assert "* iPhone" in shown.output


def test_the_command_counts_asks_and_sends_once(folder: Path) -> None:
    counted = run("send", *ENFORCED, "--dry-run")
    assert counted.output.split() == ["1", "people", "to", "write", "to", "(--to", "new)"]
    refused = run("send", *ENFORCED, answer="n\n")
    assert (refused.exit_code, mails(folder)) == (1, 0)
    sent = run("send", *ENFORCED, answer="y\n")
    assert (sent.exit_code, mails(folder)) == (0, 1)
    assert "1 sent" in sent.output
    again = json.loads(run("send", *ENFORCED, "--yes", "--json").output)
    assert (again["to_write"], again["written_before"], again["states"]) == (0, 1, {"sent": 1})
    assert mails(folder) == 1


def test_queued_mails_wait_for_a_gate(folder: Path) -> None:
    told = json.loads(run("send", *ENFORCED, "--yes", "--no-wait", "--json").output)
    assert (told["queued"], told["states"], mails(folder)) == (1, {"queued": 1}, 0)


def test_a_notice_without_a_matching_stage_is_refused(folder: Path) -> None:
    refused = run("send", "app", "--kind", "upcoming", "--yes")
    assert refused.exit_code == 1
    assert "rule `app` has no later stage that people notice" in refused.output


def test_without_settings_nothing_is_sent(folder: Path, config: Path) -> None:
    config.write_text(config.read_text().partition("notices:")[0])
    refused = run("send", *ENFORCED)
    assert (refused.exit_code, "add `notices`" in refused.output) == (2, True)


def test_before_the_first_start_nothing_can_be_told(config: Path) -> None:
    refused = run("preview", "all", "--kind", "enforced")
    assert (refused.exit_code, "no rules run yet" in refused.output) == (1, True)


def test_a_transport_that_is_down_is_said_and_loses_nothing(folder: Path) -> None:
    (folder / "out").write_text("a file where the folder should be")
    failed = run("send", "app", "--kind", "enforced", "--yes")
    assert failed.exit_code == 1
    assert "no mail can be sent now" in failed.output
    (folder / "out").unlink()
    assert "1 sent" in run("send", "app", "--kind", "enforced", "--yes").output


def test_a_roll_back_writes_to_each_recipient_once_more(folder: Path) -> None:
    run("send", "app", "--kind", "enforced", "--yes")
    assert json.loads(run("correct", "--json").output) == {"queued": 0}
    back = call("policy", "rollback", "--note", "error", config=True)
    assert back.exit_code == 0
    assert json.loads(run("correct", "--json").output) == {"queued": 1}
    assert "0 corrections" in run("correct").output
    assert mails(folder) == 2


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
