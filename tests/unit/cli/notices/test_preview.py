import json
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.cli.notices.desk import folder as folder
from tests.unit.cli.notices.desk import mails, run
from tests.unit.mail.examples import OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import put_in_force

from mailgate.store import Store

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
    assert "no texts in `xx`; expected one of ar, de" in refused.output


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
