"""An operation of the API: its address, its roles and its function.

The annotations of the function are its inputs and its answer, and its docstring is its description. Requests are read,
answers are written and the description is made from these.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import cached_property
from inspect import cleandoc
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter, create_model

from mailgate.config.admins import Role
from mailgate.console.api.shapes import InputModel
from mailgate.console.context import ConsoleContext
from mailgate.console.looks import Shows
from mailgate.rollout.person import Person
from mailgate.store import Act

JSON = "application/json"

Text = str | AsyncIterator[str]
"""An answer that is not JSON, whole or as a stream."""


class Nothing(InputModel):
    """The model of an operation without an answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call: the admin, the context and the time."""

    context: ConsoleContext
    person: Person
    roles: Collection[Role]
    now: datetime
    headers: dict[str, str] = field(default_factory=dict)
    """The header fields of the answer."""

    def act(self, what: str, why: str = "") -> Act:
        """An act for the audit log, with the origin of the call."""
        return self.person.act(self.now, what, why)

    def set_location(self, path: str) -> None:
        self.headers["Location"] = VERSION + path


VERSION = "/api/v1"
"""The path of every operation. What exists keeps its meaning; fields, parameters and operations may be added."""

OPERATOR: tuple[Role, ...] = ("operator",)
APPROVER: tuple[Role, ...] = ("approver",)
EITHER: tuple[Role, ...] = ("operator", "approver")

_NAME = re.compile(r"\{(\w+)\}")
"""A name in an address."""

Answer = Callable[..., Awaitable[Any]]
"""The function of an operation. It gets the call, the names in the address, and those of ``query`` and ``body`` that it names."""


@dataclass(frozen=True)
class Operation:
    address: str
    """Its method and its path, like ``GET /plans/{digest}``."""
    answer: Answer
    _: KW_ONLY
    area: str = ""
    """Its tag, if that is not the first word of its path."""
    roles: tuple[Role, ...] = ()
    """The roles of which the admin needs one; empty if every admin may."""
    body_bytes: int = 128 * 1024
    """The size of its largest body. It is read at once, and nothing else runs meanwhile."""
    status: int = 200
    media: str = JSON
    may_conflict: bool = False
    """Whether it may be refused because of the current state (409)."""
    may_miss: bool = False
    """Whether a query may name something that does not exist."""
    has_location: bool = False
    """Whether the answer has the address of the result."""
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The operations that its answer leads to, each with the places of its parameters: in the answer (RFC 6901), or in the request if
    it begins with ``$`` (OpenAPI, runtime expressions)."""
    page: str = ""
    """The template of the page of the console that shows its answer, with the fields of the answer as its values. Only for an
    operation that takes nothing. Without it, a page of the same facts is a file of its own."""
    menu: tuple[str, str] = ("", "")
    """The icon of the entry of the menu after whose pages its page stands, and its words there; empty if ``nouns.py`` names it."""
    shows: Shows = Shows.PEOPLE
    """Whom its answer shows, and so its page."""

    @property
    def method(self) -> str:
        return self.address.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.address.partition(" ")[2]

    @property
    def tag(self) -> str:
        """What it is about, in the description."""
        return self.area or self.path.split("/")[1].replace("-", " ").capitalize()

    @property
    def name(self) -> str:
        return self.answer.__name__

    @property
    def page_name(self) -> str:
        """The name of the route of its page."""
        return self.path.removeprefix("/") if self.page else ""

    @property
    def about(self) -> tuple[str, str]:
        """Its summary in one sentence, and its description."""
        first, _, rest = cleandoc(self.answer.__doc__ or "").partition("\n")
        return first, rest.strip()

    @cached_property
    def path_model(self) -> type[BaseModel]:
        """The names in its address. The function has parameters of these names."""
        fields: dict[str, Any] = {name: (self._hints[name], ...) for name in _NAME.findall(self.path)}
        return create_model(f"{self.name}_path", __base__=InputModel, **fields) if fields else Nothing

    @property
    def query_model(self) -> type[BaseModel]:
        return self._model("query") or Nothing

    @property
    def body_model(self) -> type[BaseModel] | None:
        return self._model("body")

    @property
    def input_names(self) -> frozenset[str]:
        """What the function takes besides the call."""
        return frozenset(name for name, hint in self._hints.items() if name != "return" and hint is not Call)

    @cached_property
    def output_adapter(self) -> TypeAdapter[Any]:
        """The adapter that checks, writes and describes its answer. Only operations that answer JSON have one."""
        return TypeAdapter(self._hints["return"])

    def written(self, found: object) -> bytes:
        """What its function returned, as JSON."""
        return self.output_adapter.dump_json(self.output_adapter.validate_python(found), by_alias=True)

    @cached_property
    def empty(self) -> bool:
        """Whether it answers without a body."""
        return self._hints["return"] is type(None)

    @cached_property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of its possible problems."""
        found = {401, 406, 422, 429, 500, 503}
        if self.roles:
            found.add(403)
        if self.may_miss or self.path_model is not Nothing:
            found.add(404)
        if self.may_conflict:
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
