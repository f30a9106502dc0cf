"""An operation of the API: its address, who may, and the function that answers.

What the function takes and gives stands in its annotations, and what it does in its docstring. Requests are read and
answers written by these, and the description is made of them: nothing is said twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import cached_property
from inspect import cleandoc
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter

from mailgate.config.admins import Role
from mailgate.console.api.shapes import Asked
from mailgate.console.context import ConsoleContext
from mailgate.rollout.acts import Person
from mailgate.store import Act

JSON = "application/json"

Text = str | AsyncIterator[str]
"""An answer that is no JSON: whole, or as it is read."""


class Nothing(Asked):
    """What takes nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, where and when."""

    context: ConsoleContext
    person: Person
    roles: tuple[Role, ...]
    now: datetime
    headers: dict[str, str] = field(default_factory=dict)
    """What goes with the answer."""

    def act(self, what: str, why: str = "") -> Act:
        """What the audit log says of it."""
        return self.person.act(self.now, what, why)

    def made(self, path: str) -> None:
        """Say where to look for what came of it."""
        self.headers["Location"] = VERSION + path


VERSION = "/api/v1"
"""Where every operation is. What is there keeps its meaning; fields, parameters and operations may be added."""

Answer = Callable[..., Awaitable[Any]]
"""Called with the call, and with what it names of ``path``, ``query`` and ``body``."""


@dataclass(frozen=True, slots=True)
class Link:
    """What an answer leads on to: an operation, and where in the answer its parameters are (OpenAPI, runtime expressions)."""

    to: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Operation:
    """One operation."""

    method: str
    path: str
    answer: Answer
    area: str
    """Under which word it stands, that of the console's menu."""
    _: KW_ONLY
    roles: tuple[Role, ...] = ()
    """One of these is needed; none: every admin may."""
    status: int = 200
    media: str = JSON
    refuses: bool = False
    """Whether the state of things may stand against it."""
    finds: bool = False
    """Whether a query may name something that is not there."""
    located: bool = False
    """Whether the answer says where to look for what came of it."""
    links: tuple[Link, ...] = ()

    @property
    def name(self) -> str:
        return self.answer.__name__

    @property
    def about(self) -> tuple[str, str]:
        """What it does, in one sentence, and more about it."""
        first, _, rest = cleandoc(self.answer.__doc__ or "").partition("\n")
        return first, rest.strip()

    @property
    def path_model(self) -> type[BaseModel]:
        return self._model("path") or Nothing

    @property
    def query_model(self) -> type[BaseModel]:
        return self._model("query") or Nothing

    @property
    def body_model(self) -> type[BaseModel] | None:
        return self._model("body")

    @property
    def takes(self) -> frozenset[str]:
        """What the function wants of ``path``, ``query`` and ``body``."""
        return frozenset(self._hints) & {"path", "query", "body"}

    @cached_property
    def gives(self) -> TypeAdapter[Any]:
        """How its answer is checked, written and described. Only of those that give JSON."""
        return TypeAdapter(self._hints["return"])

    @cached_property
    def empty(self) -> bool:
        """Whether it answers without a body."""
        return self._hints["return"] is type(None)

    @cached_property
    def statuses(self) -> tuple[int, ...]:
        """Of the problems that it may answer with."""
        found = {401, 406, 422, 429, 500, 503}
        if self.roles:
            found.add(403)
        if self.finds or self.path_model is not Nothing:
            found.add(404)
        if self.refuses:
            found.add(409)
        if self.body_model:
            found |= {400, 413, 415}
        return tuple(sorted(found))

    def _model(self, name: str) -> type[BaseModel] | None:
        found: type[BaseModel] | None = self._hints.get(name)
        return found

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.answer, include_extras=True)
