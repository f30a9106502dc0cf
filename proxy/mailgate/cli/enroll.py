"""``mailgate enroll``: let devices enrol with the gate itself, and revoke lost ones."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.options import DURATION, checked
from mailgate.cli.output import Columns, own_word, print_json, printable, table_of
from mailgate.config import Bundle
from mailgate.console.enrolment.tokens import keep_token
from mailgate.rollout import counted_acts
from mailgate.store import EnrolledKey, EnrolmentToken, Named, Revoked
from mailgate.store.enrolments import CODE_BYTES, CODE_LIFE, TOKEN_BYTES, new_code, new_token
from mailgate.store.shut_enrolments import ShutEnrolment, Sort

app = typer.Typer(help="Let devices enrol with the gate, and revoke tokens and keys.", no_args_is_help=True)

_MAX_TEXT = 255
"""The longest login name, in characters. With a longer name the gate would refuse its own tokens about that person."""
_TOKENS: Columns = {
    "token": "name",
    "user": "owner",
    "uses left": "uses_left",
    "expires": "expires_at",
    "note": "note",
}
_KEYS: Columns = {
    "computer": lambda key: own_word(key.machine, key.proven),
    "device": "device",
    "user": "owner",
    "enrolled": "made_at",
    "last report": "reported_at",
    "revoked": "revoked_at",
    "key": "thumbprint",
    "token": "token",
}
_SHUT: Columns = {"enrols no more": "kind", "name": "name", "since": "at", "by": "by"}

User = Annotated[str, typer.Option(metavar="NAME", help="The login name of the device's owner.")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="Its purpose, shown by `mailgate enroll list`.")]


@app.command()
@on_store(acts=True)
async def token(
    opened: Opened,
    user: User = "",
    uses: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many devices may enrol with it.")] = 1,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="How long it is valid, like 24h or 7d.")
    ] = "7d",
    note: Note = "",
) -> None:
    """Make an enrolment token and print it once. Only its hash is stored."""
    life = checked(f'--expires "{expires}"', DURATION, expires)
    await _make(opened, new_token(secrets.token_bytes(TOKEN_BYTES)), user, uses, life, note)


@app.command()
@on_store(acts=True)
async def code(opened: Opened, user: User = "", note: Note = "") -> None:
    """Make a code to read out or type. It is valid for one device and ten minutes."""
    await _make(opened, new_code(secrets.token_bytes(CODE_BYTES)), user, 1, CODE_LIFE, note)


@app.command("list")
@on_store()
async def list_enrolled(opened: Opened) -> None:
    """List the stored tokens, the enrolled keys by their computers, and who enrols no more."""
    enrolments = opened.store.enrolments
    tokens, keys = await enrolments.tokens(), list[EnrolledKey]()
    while page := await enrolments.page(keys[-1].thumbprint if keys else ""):
        keys += page
    keys.sort(key=lambda each: (each.machine.lower(), each.thumbprint))
    shut = await opened.store.shut.all()
    if opened.as_json:
        print_json({"tokens": tokens, "keys": keys, "shut": shut})
    else:
        _print(tokens, keys, shut)


@app.command()
@on_store(acts=True)
async def revoke(
    opened: Opened,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A token's name, a key thumbprint or a device id.")
    ] = "",
    machine: Annotated[str, typer.Option(metavar="NAME", help="Every key of a computer.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="Every key of a person.")] = "",
    key: Annotated[str, typer.Option(metavar="NAME", help="A key thumbprint or a device id alone.")] = "",
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="With a token, the keys that enrolled with it too.")
    ] = False,
) -> None:
    """Revoke a device, a computer or what a person has enrolled, or let no more devices enrol with a token, at every gate within a
    second.

    A computer and a person enrol no more after that, in whatever profile and with whatever token, nor does the computer of a revoked
    key: `mailgate enroll allow` ends it. Revoked keys stay revoked.

    Each key counts for the guard. Beyond what the guard lets pass by hand, another approver has to do the same.
    """
    sort, called = _named({Sort.ANY: name, Sort.MACHINE: machine, Sort.PERSON: person, Sort.KEY: key})
    if with_keys and sort is not Sort.ANY:
        fail(2, "--with-keys: use it with the name of a token alone; the others revoke keys anyway")
    by = opened.person("operator", "approver")
    named = _revocation(opened.bundle, sort, called, with_keys=with_keys)
    revoked = await counted_acts.revoke(opened.store, opened.guard, by, opened.now, named)
    if not revoked:
        if revoked.before:
            fail(1, f"{printable(called)} was revoked before; it stays shut out")
        fail(1, f"nothing is called {printable(called)}; `mailgate enroll list` shows what there is")
    told = {name: value for name, value in asdict(revoked).items() if name != "before"}
    opened.say("\n".join(_done(revoked, with_keys=with_keys)), told)


def _done(revoked: Revoked, *, with_keys: bool) -> Iterator[str]:
    """What was revoked, in words."""
    stay = "" if with_keys else "; those that did stay enrolled"
    yield from (f"revoked {each}: no device can enrol with it{stay}" for each in revoked.tokens)
    yield from (f"revoked the key {each}" for each in revoked.keys)
    for kind, name in revoked.shut:
        yield f"{kind} {printable(name)} enrols no more; `mailgate enroll allow --{kind}` ends that"
    if not (revoked.keys or revoked.tokens or revoked.others):
        yield "no valid key is enrolled under this name; `mailgate enroll list` shows how names are spelled"
    if revoked.others:
        yield f"other keys of this computer that stay enrolled: {revoked.others}; --machine revokes them too"


@app.command()
@on_store(acts=True)
async def allow(
    opened: Opened,
    machine: Annotated[str, typer.Option(metavar="NAME", help="A computer.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="A person.")] = "",
) -> None:
    """Let a computer or a person enrol again that `mailgate enroll revoke` has shut out. Their keys stay revoked: a browser needs a new
    one."""
    sort, called = _named({Sort.MACHINE: machine, Sort.PERSON: person})
    by, named = opened.person("operator"), _revocation(opened.bundle, sort, called)
    if not await counted_acts.allow_enrolment(opened.store, by, opened.now, named):
        fail(1, f"{sort} {printable(called)} was not shut out; `mailgate enroll list` shows who is")
    words = f"{sort} {printable(called)} may enrol again; its keys stay revoked"
    opened.say(words, {"kind": sort, "name": called})


def _named(options: Mapping[Sort, str]) -> tuple[Sort, str]:
    """The one option that names something."""
    given = [(sort, name.strip()) for sort, name in options.items() if name.strip()]
    if len(given) != 1:
        ways = ", ".join("NAME" if sort is Sort.ANY else f"--{sort}" for sort in options)
        fail(2, f"use exactly one of {ways}")
    [(sort, name)] = given
    if sort in (Sort.MACHINE, Sort.PERSON):
        _one_line(f"--{sort}", name)
    return sort, name


def _one_line(option: str, said: str) -> None:
    if not said.isprintable() or len(said) > _MAX_TEXT:
        fail(2, f"{option}: not a text of one line; use at most {_MAX_TEXT} printable characters")


def _revocation(bundle: Bundle, sort: Sort, name: str, *, with_keys: bool = False) -> Named:
    called = bundle.settings.logins.person(name) if sort is Sort.PERSON else name
    return Named(called, sort, with_keys)


async def _make(opened: Opened, text: str, user: str, uses: int, life: timedelta, note: str) -> None:
    for option, said in (("--user", user), ("--note", note)):
        _one_line(option, said)
    by, owner = opened.person("operator"), opened.settings.logins.person(user)
    made = await keep_token(opened.store, by, opened.now, text, user=owner, note=note, uses=uses, life=life)
    opened.say(text, {"token": text, **asdict(made)})


def _print(tokens: list[EnrolmentToken], keys: list[EnrolledKey], shut: list[ShutEnrolment]) -> None:
    if not (tokens or keys or shut):
        typer.echo("No token was made and no key has enrolled yet.")
    for rows, columns in ((tokens, _TOKENS), (keys, _KEYS), (shut, _SHUT)):
        if rows:
            Console().print(table_of(rows, columns, whole=("token", "device", "key")))
