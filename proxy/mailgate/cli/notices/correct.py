"""``mailgate notices correct``: send corrections to everybody reached by a rule that was taken back."""

import json
from datetime import UTC, datetime

import typer

from mailgate.cli.identity import TokenFile, acting_person
from mailgate.cli.notices.delivery import deliver
from mailgate.cli.notices.subject import settings_of
from mailgate.cli.open_store import with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.config import Bundle
from mailgate.mail.composer import address_book
from mailgate.mail.corrections import correct as queue_corrections
from mailgate.mail.recipient_list import data_scope_of
from mailgate.store import Store


def correct(token_file: TokenFile = None, config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Send the corrections after `mailgate policy retract` now, if no running gate does. Each is sent once."""
    queued = 0

    async def run(store: Store, bundle: Bundle) -> None:
        notices, who = settings_of(bundle), acting_person(bundle.settings, "operator", token_file=token_file)

        async def first() -> None:
            nonlocal queued
            data_scope, book = data_scope_of(bundle), address_book(notices)
            queued = await queue_corrections(store, data_scope, book, who, datetime.now(UTC))

        await deliver(store, bundle, notices, who, first)

    with_store(config, run)
    typer.echo(json.dumps({"queued": queued}) if as_json else f"{queued:,} corrections were queued now")
