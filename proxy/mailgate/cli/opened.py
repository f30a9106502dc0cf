"""Commands on the store of their settings. Each is a coroutine that is given what is open, and says what it has found or done."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from mailgate.cli.admin import TokenFile, acting_person
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config, with_store
from mailgate.cli.output import print_rows, say
from mailgate.config import Bundle, Settings
from mailgate.config.admins import Role
from mailgate.rollout.guard import Guard, guard_of
from mailgate.rollout.person import Person
from mailgate.store import Store

Work = Callable[..., Coroutine[Any, Any, None]]
"""Takes what is open, and the command's own options."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The settings and their open store, who runs the command, and how the result is wanted."""

    store: Store
    bundle: Bundle
    """With the rules in force, as ``with_store`` says."""
    config: Path
    as_json: bool = False
    token_file: Path | None = None

    @property
    def settings(self) -> Settings:
        return self.bundle.settings

    @property
    def guard(self) -> Guard | None:
        return guard_of(self.settings)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def person(self, *roles: Role) -> Person:
        """Who runs the command. Ends it if they cannot prove it, or have none of these roles."""
        return acting_person(self.settings, *roles, token_file=self.token_file)

    def say(self, words: str, told: object) -> None:
        """Print what was done: in words, or as JSON."""
        say(words, told, as_json=self.as_json)

    def print_rows(self, *rows_and_columns: Any, **how: Any) -> None:
        """``print_rows``, in the form that is wanted."""
        print_rows(*rows_and_columns, as_json=self.as_json, **how)


def on_store(
    *, acts: bool = False, decides: bool = True, json: Any = AsJson
) -> Callable[[Work], Callable[..., None]]:
    """Make a command of a coroutine. Besides its own options it has ``--config``, ``--json`` and, if it ``acts``, ``--token-file``.

    :param decides: as in ``with_store``.
    :param json: the option ``--json``; None for a command that has none, or one of its own.
    """
    more: dict[str, tuple[Any, object]] = {"token_file": (TokenFile, None)} if acts else {}
    more |= {"config": (Config, DEFAULT_PATH)} | ({"as_json": (json, False)} if json else {})
    shared = [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=kind, default=default)
        for name, (kind, default) in more.items()
    ]

    def made(work: Work) -> Callable[..., None]:
        @wraps(work)
        def command(**given: Any) -> None:
            told = {name: given.pop(name) for name in more}
            with_store(
                told["config"],
                lambda store, bundle: work(Opened(store, bundle, **told), **given),
                decides=decides,
            )

        whole = signature(work, eval_str=True)
        own = [*whole.parameters.values()][1:]
        command.__signature__ = whole.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        return command

    return made
