"""``mailgate init``: write the first files and keys of a gate for your webmail."""

import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import TypeAdapter, ValidationError

from mailgate.atomic_files import write_new
from mailgate.attest import mint
from mailgate.cli.exit_codes import cleanup_on_signals, fail
from mailgate.cli.options import CONFIG_VARIABLE, DEFAULT_PATH, checked
from mailgate.config import load_bundle
from mailgate.config.first_files import (
    EXAMPLE,
    KEYS,
    SETTINGS,
    STORE_FILE,
    FirstAnswers,
    has_password,
    starter_files,
)
from mailgate.config.mail import ShortText
from mailgate.config.values import Address, Listen, Origin
from mailgate.errors import ConfigError, Mistake

_ORIGIN, _TEXT = TypeAdapter[str](Origin), TypeAdapter[str](ShortText)
_LISTEN = TypeAdapter[Address](Listen)

_TYPED, _CONTACT = "The address that people type for their mail", "The contact for people who are refused"
_OPTIONS = frozenset({"upstream", "public_url", "listen", "admin_listen", "store"})
"""The keys of the settings that are options here."""

Upstream = Annotated[str, typer.Option(metavar="URL", help="Your webmail, like http://127.0.0.1:9080.")]
ListenAt = Annotated[str, typer.Option(metavar="HOST:PORT", help="The address for employees.")]
AdminListen = Annotated[str, typer.Option(metavar="HOST:PORT", help="The address for operators.")]


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder to write to. It is made if it does not exist.")
    ] = DEFAULT_PATH.parent,
    upstream: Upstream = "",
    public_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The address that people type, like https://mail.example.com.",
            show_default="localhost at the port of --listen",
        ),
    ] = "",
    contact: Annotated[
        str, typer.Option(help="The contact for people who are refused: a mail address, a URL or a text.")
    ] = "",
    listen: ListenAt = EXAMPLE.listen,
    admin_listen: AdminListen = EXAMPLE.admin_listen,
    store: Annotated[
        str, typer.Option(metavar="URL", help="The database. A password is written to a file of its own.")
    ] = EXAMPLE.store,
    issuer: Annotated[
        bool,
        typer.Option(
            "--issuer/--no-issuer", help="Whether to make keys of an issuer of your own, to try phones."
        ),
    ] = True,
) -> None:
    """Write settings, rules, listed apps, cases and keys for your webmail, and say what to do next.

    On a terminal it asks for the options that are not given. It replaces no file.
    """
    _require_free(folder, [SETTINGS])
    here = str(checked(f"--listen: `{listen}`", _LISTEN, listen))
    by_default = f"http://localhost:{here.rpartition(':')[2]}"
    answers = FirstAnswers(
        upstream=_answer_to("--upstream", "The address of your webmail", _ORIGIN, upstream),
        public_url=_answer_to("--public-url", _TYPED, _ORIGIN, public_url, by_default),
        contact=_answer_to("--contact", _CONTACT, _TEXT, contact, EXAMPLE.contact),
        listen=here,
        admin_listen=str(checked(f"--admin-listen: `{admin_listen}`", _LISTEN, admin_listen)),
        store=_found_from_anywhere(store),
        jwks=mint.JWKS_FILE if issuer else "",
    )
    files, private = _files(answers)
    _require_free(folder, [*files, *private])
    try:
        _try_out({**files, **private})
        with cleanup_on_signals():
            _write(folder, files, private)
    except FileExistsError as error:
        if not folder.is_dir():
            fail(2, f"{folder} exists and is not a folder; give the name of a folder, or of a new one")
        _fail_existing(error.filename)  # another process has just written it
    except OSError as error:
        fail(2, f"{error.filename or folder}: cannot be written: {(error.strerror or '').lower()}")
    for name in (*files, *private):
        typer.echo(folder / name)
    typer.echo(_next(folder, answers))


def _found_from_anywhere(store: str) -> str:
    """The store as settings in another folder must name it: with the absolute path of a file."""
    way, _, name = store.partition(":")
    return f"file:{Path(name).absolute()}" if way == "file" else store


def _files(answers: FirstAnswers) -> tuple[dict[str, str], dict[str, str]]:
    """The files that everybody may read, and those that hold a secret."""
    files, private = starter_files(answers), {}
    if answers.jwks:
        made = mint.key_files(secrets.token_bytes(32), secrets.token_bytes(32))
        files[answers.jwks] = made.pop(mint.JWKS_FILE)
        private = {f"{KEYS}/{name}": content for name, content in made.items()}
    if has_password(answers.store):
        private[STORE_FILE] = answers.store
    return files, private


def _write(folder: Path, files: Mapping[str, str], private: Mapping[str, str]) -> None:
    """Write all files or none, even if this is interrupted: the settings last, since a gate may wait for them."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(name.startswith(KEYS) for name in private):
        (folder / KEYS).mkdir(mode=0o700, exist_ok=True)
    written: list[Path] = []
    try:
        for name, text in sorted({**private, **files}.items(), key=lambda each: each[0] == SETTINGS):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_new(path, text, _mode(name) if name in private else 0o666)
            written.append(path)
            if name == STORE_FILE and os.geteuid() == 0:
                os.chown(path, -1, folder.stat().st_gid)
    except BaseException:  # Ctrl-C too
        for path in written:
            path.unlink()
        raise


def _mode(name: str) -> int:
    """The mode of a file with a secret. Where root writes the store's password, it is for a gate that runs as another user, by the
    group of the folder."""
    return 0o640 if name == STORE_FILE and os.geteuid() == 0 else 0o600


def _try_out(files: Mapping[str, str]) -> None:
    """End the command if a gate would not accept these files, before any of them is in its place."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        try:
            load_bundle(place / SETTINGS)
        except ConfigError as error:
            fail(2, "\n".join(_worded(each, files[SETTINGS]) for each in error.mistakes))


def _worded(mistake: Mistake, settings: str) -> str:
    """A mistake, named by the option that its value came from, since the file does not exist yet."""
    key = settings.splitlines()[mistake.line - 1].partition(":")[0] if mistake.file.endswith(SETTINGS) else ""
    return f"--{key.replace('_', '-')}: {mistake.message}" if key in _OPTIONS else mistake.message


def _require_free(folder: Path, names: list[str]) -> None:
    """End the command if one of these files exists."""
    there = [str(folder / name) for name in names if os.path.lexists(folder / name)]
    if there:
        _fail_existing(there[0])


def _fail_existing(name: str | Path) -> NoReturn:
    fail(1, f"{name} already exists; give another folder. Nothing was written")


def _answer_to(option: str, question: str, kind: TypeAdapter[str], given: str, otherwise: str = "") -> str:
    """The value of the option. If it is not given, the answer that a person types, or the default."""
    if given or not at_terminal():
        if not given and not otherwise:
            fail(2, f"{option} is missing: {question.lower()}; give it here, or run this at a terminal")
        return checked(f"{option}: `{given or otherwise}`", kind, given or otherwise)
    while True:
        typed = str(typer.prompt(question, default=otherwise or None))
        try:
            return kind.validate_python(typed)
        except ValidationError as error:
            typer.echo(f"`{typed}`: {error.errors()[0]['msg']}")


def at_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def _next(folder: Path, answers: FirstAnswers) -> str:
    looked_for = Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_PATH)
    named = "" if folder / SETTINGS == looked_for else f" --config {shlex.quote(str(folder / SETTINGS))}"
    lines = [
        "",
        f"Next, check the files and start the gate; then open {answers.public_url}:",
        "",
        f"  mailgate check{named}",
        f"  mailgate run{named}",
    ]
    if answers.jwks:
        keys = shlex.quote(str(folder / KEYS))
        url = f"{answers.public_url}/"
        lines += [
            "",
            "A phone to try it with, which has reported no listed app (add --app tiktok for one that has):",
            "",
            f"  mailgate attest mint --keys {keys} --issuer {answers.issuer} --url {url} --curl | curl -A 'iPhone' -K -",
        ]
    return "\n".join(lines)
