"""All files of one configuration, read and checked together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailgate.config.apps import read_catalog
from mailgate.config.document import Document
from mailgate.config.files import Reading
from mailgate.config.settings import Files, Settings
from mailgate.config.values import Sources, default_environ
from mailgate.policy.apps import AppCatalog
from mailgate.policy.cases import CasesFile
from mailgate.policy.rules import RESERVED, Policy, PolicyFile, policy_context, repeated_ids
from mailgate.policy.spelling import expected


@dataclass(frozen=True)
class Bundle:
    """One whole configuration that is free of mistakes."""

    settings: Settings
    policy: Policy
    policy_tests: CasesFile
    paths: tuple[Path, ...]
    """Every file that was read: a change of one is a change of the configuration."""


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
    reading = Reading()
    document = reading.document(path)
    if not path.is_file():
        reading.finish()
    settings = _settings(path, document, reading, environ)
    names = settings.files if settings else _files_as_written(document)
    catalog = read_catalog(path.parent / names.apps, reading)
    policy = read_policy(path.parent / names.policy, catalog, reading)
    tests = path.parent / names.policy_tests
    optional = "policy_tests" not in names.model_fields_set and not tests.exists()
    cases = CasesFile(tests=()) if optional else read_cases(tests, policy, catalog, reading)
    reading.finish()
    assert settings is not None
    assert policy is not None
    assert cases is not None
    return Bundle(settings, policy, cases, (*reading.paths, *settings.referenced_files()))


def read_policy(path: Path, catalog: AppCatalog | None, reading: Reading) -> Policy | None:
    """``policy.yaml`` compiled, or None with every mistake noted. Without a catalogue all else is still checked."""
    document = reading.document(path)
    if document is None:
        return None
    before = len(reading.mistakes)
    file = reading.model(PolicyFile, document, policy_context(catalog))
    rules = document.value.get("rules") if isinstance(document.value, dict) else None
    for index, name in repeated_ids(rules):
        taken = RESERVED.get(name, "was given to a rule above")
        message = f"the id `{name}` {taken}; expected a different one for each rule"
        reading.mistakes.append(document.mistake(("rules", index, "id"), message))
    if file is None or len(reading.mistakes) > before:
        return None
    return Policy(file.rules, file.default, catalog or AppCatalog())


def read_cases(
    path: Path, policy: Policy | None, catalog: AppCatalog | None, reading: Reading
) -> CasesFile | None:
    """``policy.tests.yaml``, or None with every mistake noted."""
    document = reading.document(path)
    cases = reading.model(CasesFile, document, {"catalog": catalog})
    if cases is None or document is None or policy is None:
        return cases
    rules = [rule.id for rule in policy.rules] + [*RESERVED]
    for index, case in enumerate(cases.tests):
        if case.expect.rule is not None and case.expect.rule not in rules:
            message = f"no rule is called `{case.expect.rule}`; {expected(case.expect.rule, rules)}"
            reading.mistakes.append(document.mistake(("tests", index, "expect", "rule"), message))
    return cases


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
