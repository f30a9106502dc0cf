"""Checks whether a gate can run on these files: at a start, at a reload and in ``mailgate check``.

``config`` finds mistakes inside the files. This file finds those that show only when a gate runs on them: failing cases of the
rules, certificates that no client would accept, and places that cannot be opened or written.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from mailgate.app import spool_folder
from mailgate.app.request_sinks import MISSING, can_trace
from mailgate.config import Bundle, Settings, SocketFile, load_bundle
from mailgate.config.document import MAX_BYTES, Document, read_document
from mailgate.config.document import Path as Key
from mailgate.config.rules import STORED_NAMES
from mailgate.config.serving import GRPC
from mailgate.config.upstream_loop import HostResolver
from mailgate.errors import ConfigError, Mistake
from mailgate.http.tls import CertificateError, hosts_not_named, refuse_unusable_files
from mailgate.policy.cases import CaseResult, run_cases
from mailgate.store import StoreError
from mailgate.store.migrate import store_url

Fault = tuple[Key, str]
"""The key of a setting that cannot be used, and the reason why not."""


def load_checked(
    config: Path, now: datetime, in_force: str = "", names: HostResolver | None = None
) -> Bundle:
    """Read the files at ``config`` for a gate to run on. Raises ConfigError with every mistake.

    :param in_force: the digest of the rules in force. Their failing cases do not stop anything, since they may fail
        only because of the clock.
    :param names: resolves the names of hosts; without it, they are not resolved.
    """
    bundle = load_bundle(config, names=names)
    mistakes = [] if bundle.rules.digest == in_force else failing_cases(config, bundle, now)
    mistakes += [*file_mistakes(config, bundle.settings, now), *exposed_secrets(bundle)]
    if mistakes:
        raise ConfigError(mistakes)
    return bundle


def failing_cases(config: Path, bundle: Bundle, now: datetime) -> list[Mistake]:
    """A mistake at the place of each failing case, with the actual result."""
    text = bundle.rules.texts.get(STORED_NAMES.policy_tests, "")
    wrong = [each for each in run_cases(bundle.rules.cases, bundle.rules.policy, now) if each.wrong]
    if not wrong:
        return []
    document = read_document(text.encode(), str(config.parent / bundle.settings.files.policy_tests))
    places = {id(case): index for index, case in enumerate(bundle.policy_tests.tests)}
    return [document.mistake(("tests", places[id(each.case)], "name"), _worded(each)) for each in wrong]


def _worded(outcome: CaseResult) -> str:
    wrong = ", ".join(f"{name} is {got}, not {wanted}" for name, (wanted, got) in outcome.wrong.items())
    return f"the case `{outcome.case.name}` fails: {wrong}; mend the rules or the case"


def exposed_secrets(bundle: Bundle) -> list[Mistake]:
    """A mistake for each file with a secret that other users of this machine may read or change."""
    return [Mistake(str(each.path), 1, 1, each.words) for each in bundle.exposed_files() if each.refused]


def without_groups(bundle: Bundle) -> str:
    """Why it is unknown whom some rules are about: they name groups, and no file says who is in them. Empty if there are none."""
    named = [each.id for each in bundle.policy.rules if each.groups or "user.groups" in each.when.reads]
    if bundle.groups.known or not named:
        return ""
    file, rules = bundle.settings.files.groups, ", ".join(f"`{each}`" for each in named)
    return f"the rules {rules} name groups, and there is no {file}: they give nobody mail and refuse everybody; write {file}, or leave the groups out"


def file_mistakes(config: Path, settings: Settings, now: datetime) -> list[Mistake]:
    """Everything that a start could not open, each at its place in the settings."""
    faults = [
        *_certificates(settings, now),
        *_store(config, settings),
        *_mail_folder(settings),
        *_sockets(settings),
        *_logs(settings),
        *_traces(settings),
    ]
    document = _document(config) if faults else None
    return [
        document.mistake(key, message) if document else Mistake(str(config), 1, 1, message)
        for key, message in faults
    ]


def _document(config: Path) -> Document | None:
    try:
        with config.open("rb") as file:
            return read_document(file.read(MAX_BYTES), str(config))
    except OSError:
        return None


def _certificates(settings: Settings, now: datetime) -> Iterator[Fault]:
    if settings.tls:
        try:
            refuse_unusable_files(settings.tls.certificate, settings.tls.key, now)
        except CertificateError as error:
            yield ("tls", error.which), str(error)


def hosts_not_served(settings: Settings) -> list[str]:
    """The hosts of the mail that the gate's certificate does not name. Before trusted proxies browsers see another certificate."""
    if settings.tls is None or settings.trusted_proxies:
        return []
    hosts = {urlsplit(settings.public_url).hostname or "", *map(str.lower, settings.hosts)}
    with suppress(CertificateError):  # it is among the mistakes, or not on this machine
        return hosts_not_named(settings.tls.certificate, sorted(hosts))
    return []


def _store(config: Path, settings: Settings) -> Iterator[Fault]:
    try:
        url = store_url(settings.store.get_secret_value())
    except StoreError as error:
        yield ("store",), str(error)
        return
    if url.get_backend_name() == "sqlite" and (why := _no_file(Path(str(url.database)))):
        yield ("store",), f"{why}; use a file that a gate can write"
        if settings.spool is None:
            return  # the spool is beside the file
    if why := _no_folder(spool_folder(config, settings, url)):
        expected = "make a folder for what the store does not take, or name another by `spool`"
        yield ("spool" if settings.spool else "store",), f"{why}; {expected}"


def _mail_folder(settings: Settings) -> Iterator[Fault]:
    outbox = settings.notices.outbox if settings.notices else None
    if outbox and (why := _no_folder(outbox)):
        yield ("notices", "outbox"), f"{why}; use a folder that a gate can write"


def _traces(settings: Settings) -> Iterator[Fault]:
    if settings.traces and not can_trace():
        yield ("traces",), MISSING


def _logs(settings: Settings) -> Iterator[Fault]:
    files = {
        ("log", "access", "file"): settings.log.access.file if settings.log.access else None,
        ("events", "file"): settings.events.file if settings.events else None,
    }
    for key, file in files.items():
        if file and (why := _no_file(file)):
            yield key, f"{why}; use a file that a gate can write"


def _sockets(settings: Settings) -> Iterator[Fault]:
    for index, each in enumerate(settings.authz_listeners):
        if isinstance(each.listen, SocketFile) and (why := _no_socket(each.listen.path)):
            yield ("authz_listeners", index, "listen"), f"{why}; use a folder for a socket of the gate"
        if each.dialect == GRPC and not find_spec("grpclib"):
            why = "needs packages that are not installed; install the extra `grpc`: pip install 'mailgate[grpc]'"
            yield ("authz_listeners", index, "dialect"), why


def _no_file(path: Path) -> str:
    return _unwritable(path, "file", stat.S_ISREG, os.R_OK | os.W_OK)


def _no_folder(path: Path) -> str:
    return _unwritable(path, "folder", stat.S_ISDIR, os.W_OK | os.X_OK)


def _unwritable(path: Path, kind: str, is_one: Callable[[int], bool], rights: int) -> str:
    """Why a file or a folder cannot be written or created, with its parents, in words; empty if it can."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _no_folder(path.parent) if path.parent != path else f"{path} is not there"
    except OSError as error:
        return _worded_error(path, error)
    if not is_one(mode):
        return f"{path} is no {kind}"
    return "" if os.access(path, rights) else f"{path} cannot be written: {_denied(path)}"


def _no_socket(path: Path) -> str:
    """Why a Unix socket cannot be opened, in words; empty if it can. Its folder must exist."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return f"{path} is a file that is no socket"
    except FileNotFoundError:
        if not path.parent.exists():
            return f"{path.parent} is not there"
    except OSError as error:
        return _worded_error(path, error)
    return _no_folder(path.parent)


def _denied(path: Path) -> str:
    is_read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    return "read-only file system" if is_read_only else "permission denied"


def _worded_error(path: Path, error: OSError) -> str:
    return f"{path} cannot be used: {(error.strerror or type(error).__name__).lower()}"
