"""``mailgate enroll``: let devices enrol with the gate itself, and revoke lost ones."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mailgate.cli.admin import TokenFile, acting_person
from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, DURATION, AsJson, Config, checked, with_store
from mailgate.cli.output import Columns, own_word, print_json, printable, say, table_of
from mailgate.config import Bundle
from mailgate.console.enrolment.tokens import keep_token
from mailgate.rollout import counted_acts
from mailgate.rollout.guard import guard_of
from mailgate.store import EnrolledKey, EnrolmentToken, Named, Revoked, Store
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
def token(
    user: User = "",
    uses: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many devices may enrol with it.")] = 1,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="How long it is valid, like 24h or 7d.")
    ] = "7d",
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Make an enrolment token and print it once. Only its hash is stored."""
    text, life = (
        new_token(secrets.token_bytes(TOKEN_BYTES)),
        checked(f'--expires "{expires}"', DURATION, expires),
    )
    _make(text, user, uses, life, note, token_file, config, as_json)


@app.command()
def code(
    user: User = "",
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Make a code to read out or type. It is valid for one device and ten minutes."""
    text = new_code(secrets.token_bytes(CODE_BYTES))
    _make(text, user, 1, CODE_LIFE, note, token_file, config, as_json)


@app.command("list")
def list_enrolled(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the stored tokens, the enrolled keys by their computers, and who enrols no more."""

    async def run(store: Store, _bundle: Bundle) -> None:
        tokens = await store.enrolments.tokens()
        keys: list[EnrolledKey] = []
        while page := await store.enrolments.page(keys[-1].thumbprint if keys else ""):
            keys += page
        keys.sort(key=lambda each: (each.machine.lower(), each.thumbprint))
        shut = await store.shut.all()
        if as_json:
            print_json({"tokens": tokens, "keys": keys, "shut": shut})
        else:
            _print(tokens, keys, shut)

    with_store(config, run)


@app.command()
def revoke(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A token's name, a key thumbprint or a device id.")
    ] = "",
    machine: Annotated[str, typer.Option(metavar="NAME", help="Every key of a computer.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="Every key of a person.")] = "",
    key: Annotated[str, typer.Option(metavar="NAME", help="A key thumbprint or a device id alone.")] = "",
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="With a token, the keys that enrolled with it too.")
    ] = False,
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
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

    async def run(store: Store, bundle: Bundle) -> None:
        by = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        named = _revocation(bundle, sort, called, with_keys=with_keys)
        revoked = await counted_acts.revoke(store, guard_of(bundle.settings), by, datetime.now(UTC), named)
        if not revoked:
            if revoked.before:
                fail(1, f"{printable(called)} was revoked before; it stays shut out")
            fail(1, f"nothing is called {printable(called)}; `mailgate enroll list` shows what there is")
        told = {name: value for name, value in asdict(revoked).items() if name != "before"}
        say("\n".join(_done(revoked, with_keys=with_keys)), told, as_json=as_json)

    with_store(config, run)


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
def allow(
    machine: Annotated[str, typer.Option(metavar="NAME", help="A computer.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="A person.")] = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Let a computer or a person enrol again that `mailgate enroll revoke` has shut out. Their keys stay revoked: a browser needs a new
    one."""
    sort, called = _named({Sort.MACHINE: machine, Sort.PERSON: person})

    async def run(store: Store, bundle: Bundle) -> None:
        by = acting_person(bundle.settings, "operator", token_file=token_file)
        named = _revocation(bundle, sort, called)
        if not await counted_acts.allow_enrolment(store, by, datetime.now(UTC), named):
            fail(1, f"{sort} {printable(called)} was not shut out; `mailgate enroll list` shows who is")
        told = {"kind": sort, "name": called}
        say(f"{sort} {printable(called)} may enrol again; its keys stay revoked", told, as_json=as_json)

    with_store(config, run)


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


def _make(
    text: str,
    user: str,
    uses: int,
    life: timedelta,
    note: str,
    token_file: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    for option, said in (("--user", user), ("--note", note)):
        _one_line(option, said)

    async def run(store: Store, bundle: Bundle) -> EnrolmentToken:
        by = acting_person(bundle.settings, "operator", token_file=token_file)
        owner, now = bundle.settings.logins.person(user), datetime.now(UTC)
        return await keep_token(store, by, now, text, user=owner, note=note, uses=uses, life=life)

    made = with_store(config, run)
    say(text, {"token": text, **asdict(made)}, as_json=as_json)


def _print(tokens: list[EnrolmentToken], keys: list[EnrolledKey], shut: list[ShutEnrolment]) -> None:
    if not (tokens or keys or shut):
        typer.echo("No token was made and no key has enrolled yet.")
    for rows, columns in ((tokens, _TOKENS), (keys, _KEYS), (shut, _SHUT)):
        if rows:
            Console().print(table_of(rows, columns, whole=("token", "device", "key")))
