"""Reads the files that people write, all of one configuration together: strict YAML becomes settings and a compiled policy, or a list of
all mistakes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from mailgate.config.document import Document
from mailgate.config.files import ExposedFile, FilesReading, Stamps, exposed_files, steadily
from mailgate.config.references import Sources
from mailgate.config.rules import Rules, compile_rules, read_groups, read_rules
from mailgate.config.settings import Files, Settings
from mailgate.config.upstream_loop import LITERAL_RESOLVER, HostResolver
from mailgate.config.values import Address, SocketFile
from mailgate.model.device import Away, PostureTerms
from mailgate.policy.cases import CasesFile
from mailgate.policy.people import NO_LOGINS, Groups
from mailgate.policy.rules import Policy

__all__ = [
    "Address",
    "Bundle",
    "Rules",
    "Settings",
    "SocketFile",
    "compile_rules",
    "load_bundle",
    "load_candidate",
    "load_settings",
]


@dataclass(frozen=True)
class Bundle:
    """A whole configuration without mistakes."""

    settings: Settings
    rules: Rules
    """The rules of the files; in a running gate, the rules in force."""
    stamps: Stamps
    """The state of each file that was looked at: None for an optional one that does not exist. A change of one is a change of the
    configuration."""
    secrets: tuple[Path, ...] = ()
    """The files that hold a secret."""
    away: Away = field(default_factory=dict)
    """The sources that cannot be asked now, as the store has it."""
    not_here: tuple[str, ...] = ()
    """The secrets that are not on this machine and were not checked, in words. A gate has none."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that were read, that of the settings first."""
        return tuple(path for path, stamp in self.stamps.items() if stamp)

    @property
    def posture_terms(self) -> PostureTerms:
        return self.settings.posture_terms(self.away)

    @property
    def groups(self) -> Groups:
        return self.rules.groups

    @property
    def policy(self) -> Policy:
        return self.rules.policy

    @property
    def policy_tests(self) -> CasesFile:
        return self.rules.cases

    def exposed_files(self) -> tuple[ExposedFile, ...]:
        """The files that other users of this machine may read or change, and should not."""
        hashed = any(each.token_hash for each in self.settings.admins.values())
        return tuple(exposed_files(self.secrets, self.paths[:1] if hashed else (), self.paths))


def load_settings(
    path: Path, environ: Mapping[str, str] | None = None, *, without_secrets: bool = False
) -> Settings:
    """Read ``mailgate.yaml`` alone.

    :param environ: the variables of ``{env: NAME}``; the environment of the process unless given.
    :param without_secrets: as in ``load_bundle``.
    :raises ConfigError: with every mistake.
    """
    reading = FilesReading()
    sources = replace(_sources(path, environ), not_here=[] if without_secrets else None)
    settings = reading.model(Settings, reading.document(path), {"sources": sources})
    reading.finish()
    assert settings is not None
    return settings


def load_bundle(
    path: Path,
    environ: Mapping[str, str] | None = None,
    names: HostResolver | None = None,
    *,
    without_secrets: bool = False,
) -> Bundle:
    """Read ``mailgate.yaml`` and the files that it names, by default those beside it.

    :param names: resolves the names of hosts; without it, they are not resolved.
    :param without_secrets: whether secrets and private keys may be missing here. No gate may run on the bundle then.
    :raises ConfigError: with every mistake of every file.
    """
    return steadily(partial(_read, path, environ, names, without_secrets))


def _read(
    path: Path,
    environ: Mapping[str, str] | None,
    names: HostResolver | None,
    without_secrets: bool,
    stamps: Stamps,
) -> Bundle:
    reading, others = FilesReading(stamps=stamps), FilesReading(stamps=stamps)
    document = reading.document(path)
    if not path.is_file():
        reading.finish()
    missing: list[str] | None = [] if without_secrets else None
    sources = replace(_sources(path, environ, names), stamps=stamps, not_here=missing)
    settings = reading.model(Settings, document, {"sources": sources})
    files = settings.files if settings else _files_as_written(document)
    groups = read_groups(path.parent, files, reading, settings.logins if settings else NO_LOGINS)
    rules = read_rules(path.parent, files, others, groups)
    reading.mistakes += others.mistakes
    reading.finish()
    assert settings is not None
    assert rules is not None
    keys = (settings.tls.key,) if settings.tls else ()
    unseen = tuple(dict.fromkeys(missing or ()))
    return Bundle(settings, rules, stamps, (*keys, *sources.secrets), not_here=unseen)


def load_candidate(path: Path, policy: Path) -> Rules:
    """The rules with ``policy`` in place of the policy file that the settings at ``path`` name.

    :raises ConfigError: with every mistake.
    """
    settings = load_settings(path, without_secrets=True)
    names = settings.files.model_copy(update={"policy": str(policy.absolute())})

    def read(stamps: Stamps) -> Rules:
        reading = FilesReading(stamps=stamps)
        groups = read_groups(path.parent, names, reading, settings.logins)
        rules = read_rules(path.parent, names, reading, groups)
        reading.finish()
        assert rules is not None
        return rules

    return steadily(read)


def _sources(path: Path, environ: Mapping[str, str] | None, names: HostResolver | None = None) -> Sources:
    """The sources for references in the settings at ``path``."""
    return Sources(path.parent, os.environ if environ is None else environ, names or LITERAL_RESOLVER)


def _files_as_written(document: Document | None) -> Files:
    """The names of the other files, as far as they can be read in a broken ``mailgate.yaml``."""
    written = document.value.get("files") if document and isinstance(document.value, dict) else None
    entries = written.items() if isinstance(written, dict) else ()
    return Files(**{k: v for k, v in entries if k in Files.model_fields and isinstance(v, str) and v})
