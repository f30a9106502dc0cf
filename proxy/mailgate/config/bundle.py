"""All files of one configuration, read and checked together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailgate.config.document import Document
from mailgate.config.files import Reading
from mailgate.config.references import Sources, default_environ
from mailgate.config.rules import Rules, read_rules
from mailgate.config.settings import Files, Settings
from mailgate.policy.cases import CasesFile
from mailgate.policy.groups import Groups
from mailgate.policy.rules import Policy


@dataclass(frozen=True)
class Bundle:
    """One whole configuration that is free of mistakes."""

    settings: Settings
    rules: Rules
    """Those of the files; of a gate that runs, those in force."""
    paths: tuple[Path, ...]
    """Every file that was read: a change of one is a change of the configuration."""

    @property
    def groups(self) -> Groups:
        return self.rules.groups

    @property
    def policy(self) -> Policy:
        return self.rules.policy

    @property
    def policy_tests(self) -> CasesFile:
        return self.rules.cases


def load_settings(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """``mailgate.yaml`` alone.

    :param environ: where ``{env: NAME}`` leads; the environment of the process unless given.
    :raises ConfigError: with every mistake.
    """
    reading = Reading()
    settings = _settings(path, reading.document(path), reading, environ)
    reading.finish()
    assert settings is not None
    return settings


def load_bundle(path: Path, environ: Mapping[str, str] | None = None) -> Bundle:
    """``mailgate.yaml`` and the files that it names, by default those beside it.

    :raises ConfigError: with every mistake of every file.
    """
    reading, others = Reading(), Reading()
    document = reading.document(path)
    if not path.is_file():
        reading.finish()
    settings = _settings(path, document, reading, environ)
    names = settings.files if settings else _files_as_written(document)
    rules = read_rules(path.parent, names, others)
    reading.mistakes += others.mistakes
    reading.finish()
    assert settings is not None
    assert rules is not None
    return Bundle(settings, rules, (*reading.paths, *others.paths, *settings.referenced_files()))


def load_candidate(path: Path, policy: Path) -> Rules:
    """The rules with ``policy`` in the place of the policy file that the settings at ``path`` name.

    :raises ConfigError: with every mistake.
    """
    names = load_settings(path).files.model_copy(update={"policy": str(policy.absolute())})
    reading = Reading()
    rules = read_rules(path.parent, names, reading)
    reading.finish()
    assert rules is not None
    return rules


def _settings(
    path: Path, document: Document | None, reading: Reading, environ: Mapping[str, str] | None
) -> Settings | None:
    sources = Sources(path.parent, default_environ() if environ is None else environ)
    return reading.model(Settings, document, {"sources": sources})


def _files_as_written(document: Document | None) -> Files:
    """The names of the other files as far as a broken ``mailgate.yaml`` tells them."""
    written = document.value.get("files") if document and isinstance(document.value, dict) else None
    entries = written.items() if isinstance(written, dict) else ()
    return Files(**{k: v for k, v in entries if k in Files.model_fields and isinstance(v, str) and v})
