"""The catalogue of listed apps, with the identifiers by which they are recognised and their lists."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class ListedApp:
    """An app that rules can name. ``name`` is for people, ``key`` for rules and the store."""

    key: str
    name: str
    vendor: str = ""
    android: tuple[str, ...] = ()
    ios: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()

    @property
    def called(self) -> frozenset[str]:
        """All that it is called by: its name, its other names and its key."""
        return frozenset({*self.names, self.name, self.key})

    def identifiers(self) -> frozenset[tuple[str, str]]:
        """Pairs of namespace and case-folded identifier; no two apps share one."""
        pairs = [
            ("android", self.android),
            ("ios", self.ios),
            ("extension", self.extensions),
            ("name", self.called),
        ]
        return frozenset((space, each.casefold()) for space, group in pairs for each in group)

    def published_by(self, publisher: str) -> bool:
        """Whether the app may be by this publisher. It may if either side names no publisher."""
        known = {plain_name(each) for each in self.publishers}
        return not known or not publisher.strip() or plain_name(publisher) in known


def plain_name(name: str) -> str:
    """The form in which display names are compared: without case, width, invisible letters and doubled spaces."""
    visible = (
        letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf"
    )
    return " ".join("".join(visible).casefold().split())


@dataclass(frozen=True)
class AppCatalog:
    """All listed apps and lists. It is immutable. Identifiers match as a whole and without regard to case."""

    apps: Mapping[str, ListedApp] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def _keys(self) -> Mapping[tuple[str, str], str]:
        return {pair: app.key for app in self.apps.values() for pair in app.identifiers()}

    @cached_property
    def _lists_of(self) -> Mapping[str, frozenset[str]]:
        return {key: frozenset(name for name, keys in self.lists.items() if key in keys) for key in self.apps}

    @cached_property
    def listed(self) -> frozenset[str]:
        """The keys of the apps that are on any list."""
        return frozenset(key for key, lists in self._lists_of.items() if lists)

    def with_id(self, os: str) -> frozenset[str]:
        """The keys of the apps on lists that have an id for this system; none for a system of computers."""
        system = {"android": "android", "ios": "ios", "ipados": "ios"}.get(os.casefold())
        return frozenset(key for key in self.listed if system and getattr(self.apps[key], system))

    def match(self, os: str, identifier: str) -> str | None:
        """The key of the listed app that ``identifier`` (id, name or key) means on ``os``; None if it is not listed. Those of
        the other system come second: a wrong system makes no listed app look unlisted."""
        own = "android" if os.casefold() == "android" else "ios"
        other = "ios" if own == "android" else "android"
        folded = identifier.strip().casefold()
        spaces = (own, other, "extension", "name")
        return next((self._keys[space, folded] for space in spaces if (space, folded) in self._keys), None)

    def question(self, system: str) -> Mapping[str, tuple[str, ...]]:
        """The ids on ``android`` or ``ios`` of the listed apps that have some there, by their keys: what an app on a phone is asked for."""
        found = {key: getattr(app, system) for key, app in sorted(self.apps.items())}
        return {key: tuple(sorted(ids)) for key, ids in found.items() if ids}

    @cached_property
    def extensions(self) -> tuple[str, ...]:
        """Ids of every listed browser extension, sorted."""
        return tuple(sorted(each for app in self.apps.values() for each in app.extensions))

    @cached_property
    def _known(self) -> frozenset[str]:
        """All identifiers of all kinds. Few apps of an inventory are listed, so most are ruled out here."""
        return frozenset(identifier for _, identifier in self._keys)

    @cached_property
    def _named(self) -> Mapping[str, str]:
        return {plain_name(name): app.key for app in self.apps.values() for name in app.called}

    def match_installed(self, os: str, identifier: str, name: str = "", publisher: str = "") -> str | None:
        """The key of the listed app that an inventory means. The identifier decides; the name only if there is none, or the
        listed app has none for this system. ``publisher`` then distinguishes apps of one name."""
        if identifier.strip().casefold() in self._known and (key := self.match(os, identifier)):
            return key
        key = self._named.get(plain_name(name)) if name.strip() else None
        if key is None:
            return None
        app = self.apps[key]
        known = app.android if os.casefold() == "android" else app.ios
        if (identifier.strip() and known) or not app.published_by(publisher):
            return None
        return key

    @cached_property
    def fingerprint(self) -> str:
        """A value that changes whenever inventories have to be read again, since they may mean other apps."""
        told = [
            (key, sorted(app.identifiers()), sorted(app.publishers)) for key, app in sorted(self.apps.items())
        ]
        return sha256(repr(told).encode()).hexdigest()[:16]

    def lists_of(self, apps: Iterable[str]) -> tuple[str, ...]:
        """The lists that have any of the apps, sorted."""
        return tuple(sorted({name for key in apps for name in self._lists_of.get(key, ())}))

    def name_of(self, key: str) -> str:
        """The display name of an app; the key of an app that is no longer listed."""
        return self.apps[key].name if key in self.apps else key
