"""The parts that the commands about notices share: the rule in the version in force, and the settings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.config import Bundle
from mailgate.config.mail import NoticeSettings
from mailgate.mail.topic import Topic, topic_of
from mailgate.store import Activation, MailKind, Store

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id, as in the policy file.")]
Kind = Annotated[
    MailKind,
    typer.Option(
        "--kind",
        help="upcoming: before a stage begins; warned: while it warns; enforced: while it is enforced.",
    ),
]


@dataclass(frozen=True, slots=True)
class NoticeSubject:
    """The version in force, and the topic of a notice about one of its rules."""

    active: Activation
    topic: Topic


async def subject_of(store: Store, bundle: Bundle, rule: str, kind: MailKind, now: datetime) -> NoticeSubject:
    """The subject of a command. Raises RefusedError if nothing may be sent; ends the command if no version is in force."""
    active = await store.policies.active()
    if active is None:
        fail(1, "nothing is in force yet: the first start puts the files in force")
    return NoticeSubject(active, topic_of(bundle.policy, active.number, rule, kind, now))


def settings_of(bundle: Bundle) -> NoticeSettings:
    """The settings of notices; ends the command if there are none."""
    notices = bundle.settings.notices
    if notices is None:
        fail(2, "no mails are sent by these settings; expected `notices` with `smtp` or `outbox` in them")
    return notices
