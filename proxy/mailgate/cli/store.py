"""``mailgate store``: copy a store, back it up while gates run, check whether it is intact, and renew its keys."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mailgate.cli.exit_codes import cleanup_on_signals, fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config, with_store
from mailgate.cli.output import print_json, progress_bar, say, tell
from mailgate.config import Bundle, load_settings
from mailgate.console.audit.facts import verified
from mailgate.store import Store
from mailgate.store.copying import copy_store
from mailgate.store.errors import WHAT_HELPS, DamagedStoreError, StoreError
from mailgate.store.migrate import store_url
from mailgate.store.spool import waits_in

app = typer.Typer(
    help="Copy a store, back it up, check whether it is intact, and renew its keys.", no_args_is_help=True
)

_WAYS = "sqlite:///PATH, postgresql://…, or env:NAME or file:PATH for one that holds a password"

Faults = dict[str, list[str]]
"""The faults of each part of the store."""

From = Annotated[str, typer.Argument(metavar="FROM", help=f"The store to read: {_WAYS}.")]
To = Annotated[
    str, typer.Argument(metavar="TO", help="The store to fill, given in the same ways. It must be empty.")
]
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file to create. It must not exist.")]


@app.command()
def copy(source: From, target: To, as_json: AsObject = False) -> None:
    """Copy every row of one store into an empty one, of either kind, and count them. No gate may run on either."""
    _copied(_address("FROM", source), _address("TO", target), as_json)


@app.command()
def backup(file: BackupFile, config: Config = DEFAULT_PATH, as_json: AsObject = False) -> None:
    """Copy the store as it is now into an SQLite file that only you can read, while gates run. `store copy` restores
    it."""
    source = load_settings(config).store.get_secret_value()
    if os.path.lexists(file):
        fail(1, f"{file} already exists and was not changed; give the name of a new file")
    if not file.absolute().parent.is_dir():
        fail(2, f"{file} cannot be made: there is no folder {file.parent}")
    _copied(source, f"sqlite:///{file.absolute()}", as_json, while_used=True)


@app.command()
def check(config: Config = DEFAULT_PATH, as_json: AsObject = False) -> None:
    """Check whether the store is intact: the database, its links, and the audit log. Exit code 1 if not."""
    try:
        found = with_store(config, _faults, decides=False)
    except DamagedStoreError as error:
        found = _broken(error.fault)
    helps = WHAT_HELPS if found["database"] else ""
    if as_json:
        print_json({"ok": not any(found.values()), "faults": found, "next": helps})
    else:
        _say_faults(found, helps)
    if any(found.values()):
        raise typer.Exit(1)


def _say_faults(found: Faults, helps: str) -> None:
    for what, faults in found.items():
        for fault in faults or [""]:
            tell(f"WRONG {what}: {fault}" if fault else f"OK {what}")
    if helps:
        tell(f"Next: {helps}")


async def _faults(store: Store, bundle: Bundle) -> Faults:
    faults = await store.faults()
    try:
        breaks, _ = await verified(store, bundle.settings, datetime.now(UTC), (), ())
    except DamagedStoreError as error:
        return _broken(*faults, error.fault)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return {"database": faults, "audit log": [f"something in it cannot be read ({type(error).__name__})"]}
    return {"database": faults, "audit log": [f"entry {each.number} {each.message}" for each in breaks]}


def _broken(*faults: str) -> Faults:
    return {"database": [*faults], "audit log": ["it cannot be read from a damaged database"]}


@app.command("renew-keys")
@on_store(acts=True, decides=False, json=AsObject)
async def renew_keys(opened: Opened) -> None:
    """Delete the keys that seal cookies and nonces and sign the gate's own tokens, so that new ones are made. Then
    restart every gate."""
    by = opened.person("operator")
    dropped = await opened.store.keys.drop()
    await opened.store.audit.append(replace(by.act(opened.now, "keys-renewed"), details={"keys": dropped}))
    words = f"deleted {dropped} keys; restart every gate on this store, one after the other"
    opened.say(words, {"deleted": dropped})


def _copied(source: str, target: str, as_json: bool, *, while_used: bool = False) -> None:
    _warn_of_spool(source)
    with cleanup_on_signals(), progress_bar("copying", "rows") as told:
        counts = copy_store(store_url(source), store_url(target), told, while_used=while_used)
    rows = sum(counts.values())
    lines = [f"{name}: {count:,}" for name, count in counts.items() if count]
    words = "\n".join([*lines, f"{rows:,} rows, counted on both sides"])
    say(words, {"rows": rows, "tables": counts}, as_json=as_json)


def _warn_of_spool(source: str) -> None:
    """Warn that data in the spool is not in the copy."""
    folder = Path(f"{source.removeprefix('sqlite:///')}.spool")
    if source.startswith("sqlite:") and waits_in(folder):
        words = "holds data that is not written yet; start a gate once to write it"
        tell(f"WARNING {folder} {words}", err=True)


def _address(argument: str, text: str) -> str:
    """The URL in an argument. The argument may be a reference, so that others cannot see the URL."""
    url = _read_reference(text)
    try:
        store_url(url)
    except StoreError as error:
        fail(2, f"{argument}: {error}")
    return url


def _read_reference(text: str) -> str:
    way, _, name = text.partition(":")
    try:
        if way == "env":
            return os.environ[name]
        return Path(name).read_text("utf-8").strip() if way == "file" else text
    except KeyError:
        fail(2, f"env:{name}: this variable is not set; put the URL of a store in it")
    except (OSError, UnicodeDecodeError):
        fail(2, f"file:{name}: cannot be read; give a file with the URL of a store in it")
