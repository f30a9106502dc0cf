"""``mailgate notices preview``: shows the mail that a person would get."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.cli.notices.send import Kind, RuleId, subject_of
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.config import Bundle
from mailgate.devices.names import user_text
from mailgate.mail.composer import composer_for
from mailgate.mail.preview import sample, stand_in
from mailgate.mail.recipient_list import data_scope_of, notice_about
from mailgate.mail.words import RenderedNotice
from mailgate.store import MailKind, Store
from mailgate.texts import languages_by_tag, load_languages

Language = Annotated[str, typer.Option("--language", help="The language. Default: the person's.")]
Person = Annotated[
    str,
    typer.Option(
        "--person", metavar="LOGIN", help="The recipient. Default: any person whom the rule is about."
    ),
]
Html = Annotated[bool, typer.Option("--html", help="Print the HTML part.")]


def preview(
    rule: RuleId,
    kind: Kind = MailKind.UPCOMING,
    language: Language = "",
    person: Person = "",
    html: Html = False,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Show the mail about a rule that is in force. Nothing is sent."""

    if language and language.lower() not in (known := languages_by_tag(load_languages())):
        fail(
            2,
            f"--language: there are no texts in `{printable(language)}`; expected one of {', '.join(sorted(known))}",
        )

    async def run(store: Store, bundle: Bundle) -> tuple[RenderedNotice, bool]:
        now = datetime.now(UTC)
        topic = (await subject_of(store, bundle, rule, kind, now)).topic
        whom = bundle.settings.logins.person(person)
        found = await sample(store, bundle.rules, topic, data_scope_of(bundle), whom, now)
        login = user_text(whom) or next(iter(sorted(found.people)), "")
        stands_in = login not in found.people
        if stands_in:
            if person:
                fail(1, f"rule `{rule}` is not about {printable(person)}: they would get no mail")
            found = stand_in(bundle.policy, topic, found.any_laptop)
        spoken = language or (await store.languages.of([login])).get(login, "")
        notice = notice_about(topic, found, "" if stands_in else login, spoken)
        return composer_for(bundle.settings).render(notice), stands_in

    mail, stands_in = with_store(config, run)
    if as_json:
        typer.echo(json.dumps(asdict(mail) | {"made_up": stands_in}, ensure_ascii=False))
        return
    if stands_in:
        typer.echo("(The rule is about no known person. This is the mail for a made-up phone.)\n", err=True)
    typer.echo(mail.html if html else f"Subject: {mail.subject}\n\n{mail.text}")
