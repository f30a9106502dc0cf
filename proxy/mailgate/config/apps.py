"""Makes the catalogue from ``apps.yaml`` and the list files beside it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from mailgate.config.document import Document
from mailgate.config.document import Path as Place
from mailgate.config.files import FilesReading
from mailgate.model.phrase import phrase
from mailgate.policy.apps import App, AppCatalog, AppList, Key, ListedApp, Strict, Text
from mailgate.policy.spelling import did_you_mean


class ListFile(Strict):
    """A list that is kept in a file of its own."""

    file: Text
    """The path, relative to the folder of this file."""


AppListOrFile = Annotated[
    Annotated[tuple[Key, ...], Tag("<keys>")] | Annotated[ListFile, Tag("<file>")],
    Discriminator(lambda value: "<file>" if isinstance(value, dict | ListFile) else "<keys>"),
]


class AppsFile(Strict):
    """``apps.yaml``: the only apps that are ever stored, and the lists that rules name."""

    apps: Mapping[Key, App] = Field(min_length=1)
    lists: Mapping[Key, AppListOrFile] = Field(default_factory=dict)


def read_catalog(path: Path, reading: FilesReading) -> AppCatalog | None:
    """The catalogue; None if there are mistakes, which are noted. List files are read even if ``apps.yaml`` has
    mistakes."""
    before = len(reading.mistakes)
    document = reading.document(path)
    file = reading.model(AppsFile, document, {})
    known = _keys_as_written(document)
    lists = {
        name: _list_file(path.parent / ref, known, reading) for name, ref in _list_files(document).items()
    }
    if file is None or document is None:
        return None
    for name, keys in file.lists.items():
        if not isinstance(keys, ListFile):
            _check_keys(keys, known, document, ("lists", name), reading)
            lists[name] = keys
    apps = {key: _listed(key, app) for key, app in file.apps.items()}
    _check_identifiers(apps, document, reading)
    found = {name: keys for name, keys in lists.items() if keys is not None}
    return AppCatalog(apps, found) if len(reading.mistakes) == before else None


def _keys_as_written(document: Document | None) -> tuple[str, ...]:
    apps = document.value.get("apps") if document and isinstance(document.value, dict) else None
    return tuple(apps) if isinstance(apps, dict) else ()


def _list_files(document: Document | None) -> dict[str, str]:
    lists = document.value.get("lists") if document and isinstance(document.value, dict) else None
    entries = lists.items() if isinstance(lists, dict) else ()
    return {
        name: entry["file"]
        for name, entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("file"), str)
    }


def _list_file(path: Path, known: Iterable[str], reading: FilesReading) -> tuple[str, ...] | None:
    document = reading.document(path)
    entry = reading.model(AppList, document, {})
    if entry is None or document is None:
        return None
    _check_keys(entry.apps, known, document, ("apps",), reading)
    return entry.apps


def _check_keys(
    keys: Iterable[str], known: Iterable[str], document: Document, place: Place, reading: FilesReading
) -> None:
    for index, key in enumerate(keys):
        if key not in known:
            message = phrase(
                "no app is called `%(app)s` in the apps file; %(expected)s",
                app=key,
                expected=did_you_mean(key, known),
            )
            reading.mistakes.append(document.mistake((*place, index), message))


def _listed(key: str, app: App) -> ListedApp:
    return ListedApp(
        key, app.name, app.vendor or "", app.android, app.ios, app.names, app.publishers, app.extensions
    )


def _check_identifiers(apps: Mapping[str, ListedApp], document: Document, reading: FilesReading) -> None:
    """Refuse an identifier that two apps have, since a report of it could mean either app."""
    owner: dict[tuple[str, str], str] = {}
    for key, app in apps.items():
        for space, identifier in sorted(app.identifiers()):
            first = owner.setdefault((space, identifier), key)
            if first != key:
                message = phrase(
                    "`%(app)s` and `%(other)s` share the %(space)s identifier `%(identifier)s`; expected it on one app",
                    app=key,
                    other=first,
                    space=space,
                    identifier=identifier,
                )
                reading.mistakes.append(document.mistake(("apps", key), message, at_key=True))
