"""``mailgate check`` and ``mailgate doctor``: everything that is wrong in the files, by the cases of the policy too, and everything that a
gate needs, each in one line with what to do."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.app.preflight import exposed_secrets, file_mistakes, hosts_not_served, without_groups
from mailgate.cli.exit_codes import REFUSED, fail
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config
from mailgate.cli.output import print_json, printable, progress_bar, tell
from mailgate.cli.reporter import WITHOUT_ID
from mailgate.config import Bundle, Settings, load_bundle
from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.config.sources.every_source import ApiSourceSettings
from mailgate.config.upstream_loop import SystemResolver
from mailgate.errors import ConfigError, Mistake
from mailgate.model import RuleTrial
from mailgate.policy.cases import CaseResult, run_cases
from mailgate.policy.rule_states import stuck_in_report_only
from mailgate.policy.written import in_words

if TYPE_CHECKING:
    from mailgate.app.doctor.diagnosis import Diagnosis


_NO_REPORTER = "pages send people to a check app whose answers nobody takes; set `reporter.android`, or leave out `reporter` here"
_ENDS_NOTHING = (
    "pages send people to a check app whose answers make no phone clean (`unseen_profiles: partial`);"
    " use `accept`, write a rule that gives mail by such answers, or leave out `reporter` here"
)
_LAGS = "its list of a device's apps may be {lag} older than it says, and `max_age` counts that: a phone is clean for {rest} after each report"
_LAGS_TOO_FAR = (
    "no device is ever clean by it: its list of a device's apps may be {lag} older than it says, and {age} old is the most that counts;"
    " set a `max_age` of this source above {lag}"
)
_REACH = (
    "it clears devices only of kinds of enrolment whose apps it is known to see whole;"
    " `mailgate connectors sync {name} --dry-run` lists those that it saw whole and would see in part"
)
_UNASKED = (
    "no device is clean by it: it is asked for listed apps by their iOS identifiers, and these on lists have none: {apps};"
    " set one for each, take them off the list, or set `ask_for_all: true`"
)
_SHARED = (
    "console.url: a browser sends the session of an admin to the webmail too, since it is at the same host and another proxy"
    " carries the mail; give the console a host name of its own"
)

Named = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The same as --config FILE.")]

_PLACES = "what a gate opens or writes: the store, the spool, logs, sockets"


def check(
    named: Named = None,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
    without_secrets: Annotated[
        bool,
        typer.Option(
            "--without-secrets",
            help="For a machine that is not the gate's, such as one for tests: name what is not here instead of refusing it: "
            "secrets, the TLS certificate and its key, and what a gate opens or writes. All else is checked.",
        ),
    ] = False,
) -> None:
    """Check settings, apps, rules and the cases that must hold. Exit code 1 if anything is wrong."""
    path = named or config
    try:
        bundle = load_bundle(path, names=SystemResolver(), without_secrets=without_secrets)
    except ConfigError as error:
        _print_mistakes(error, as_json)
        raise typer.Exit(1 if path.is_file() else 2) from error
    places = [] if without_secrets else file_mistakes(path, bundle.settings, datetime.now(UTC))
    mistakes = [*places, *exposed_secrets(bundle)]
    unseen = [*bundle.not_here, _PLACES] if without_secrets else []
    if mistakes and not as_json:
        _print_mistakes(ConfigError(mistakes), as_json)
    outcomes = list(run_cases(bundle.policy_tests, bundle.policy, datetime.now(UTC)))
    failed = [outcome for outcome in outcomes if outcome.wrong]
    if as_json:
        print_json(_report(bundle, mistakes, outcomes) | {"not_checked": unseen})
    else:
        _print_counts(path, bundle, settings_hold=not mistakes)
        for remark in (*_remarks(bundle), *(f"NOT CHECKED {each}" for each in unseen)):
            tell(remark)
        for outcome in failed:
            _print_failure(outcome)
        tell(f"{len(outcomes) - len(failed)} of {len(outcomes)} cases hold")
    if failed or mistakes:
        raise typer.Exit(1)


def _remarks(bundle: Bundle) -> Iterator[str]:
    """What may be wrong, and what follows from settings without being wrong."""
    for name, why in _lingering(bundle).items():
        yield f"WARNING {name} {why}"
    yield from _of_sources(bundle)
    if _shares_its_host(bundle.settings):
        yield f"WARNING {_SHARED}"
    if others := hosts_not_served(bundle.settings):
        yield f"WARNING tls.certificate: it does not name {', '.join(others)}, so that browsers refuse it; use one that does"
    if unsure := without_groups(bundle):
        yield f"WARNING {unsure}"
    yield from (f"WARNING {each}" for each in bundle.exposed_files() if not each.refused)


def _lingering(bundle: Bundle) -> dict[str, str]:
    return stuck_in_report_only(bundle.policy, datetime.now(UTC), bundle.settings.stages.report_only_for)


def _of_sources(bundle: Bundle) -> Iterator[str]:
    """What is to be known of the connectors and the reporter, a line each."""
    for name, (lag, age) in _lags(bundle).items():
        words = _LAGS if age > lag else _LAGS_TOO_FAR
        told = words.format(lag=in_words(lag), age=in_words(age), rest=in_words(max(age - lag, timedelta())))
        yield f"{'NOTE' if age > lag else 'WARNING'} connectors.{name}: {told}"
    for name, source in bundle.settings.connectors.items():
        if isinstance(source, ApiSourceSettings):
            yield f"NOTE connectors.{name}: {_REACH.format(name=name)}"
    for name, keys in _unasked(bundle).items():
        yield f"WARNING connectors.{name}: {_UNASKED.format(apps=', '.join(keys))}"
    catalog, reporter = bundle.policy.catalog, bundle.settings.reporter.android
    for key in sorted(catalog.listed - catalog.with_id("android")) if reporter else ():
        yield f"WARNING reporter: {key}{WITHOUT_ID}"
    if "reporter" in bundle.settings.choices:
        if not (reporter or bundle.settings.attestation.issuers):
            yield f"WARNING choices: {_NO_REPORTER}"
        elif reporter and reporter.unseen_profiles == "partial":
            yield f"WARNING choices: {_ENDS_NOTHING}"


def _unasked(bundle: Bundle) -> dict[str, list[str]]:
    """The apps on lists for which Apple devices are not asked, for each connector that asks them for listed apps alone."""
    catalog = bundle.policy.catalog
    keys = sorted(key for key in catalog.listed if not catalog.apps[key].ios)
    sources = bundle.settings.connectors.items()
    asked = [
        name for name, each in sources if isinstance(each, AppleMdmSettings) and not each.gets_unlisted()
    ]
    return dict.fromkeys(asked, keys) if keys else {}


def _shares_its_host(settings: Settings) -> bool:
    """Whether the cookies of the console reach the webmail, which the gate prevents only for the mail that it carries."""
    asked = settings.authz is not None or bool(settings.authz_listeners)
    url, hosts = settings.console.url or "", {urlsplit(settings.public_url).hostname, *settings.hosts}
    return asked and url.startswith("https:") and urlsplit(url).hostname in hosts


def _lags(bundle: Bundle) -> dict[str, tuple[timedelta, timedelta]]:
    """How far the app lists of a connector lag behind what it states, and how old they may be, for each that lags."""
    terms, connectors = bundle.posture_terms, bundle.settings.connectors
    lagging = [(name, each.inventory_lag) for name, each in connectors.items() if each.inventory_lag]
    return {name: (lag, terms.age_of(name)) for name, lag in lagging}


def _print_mistakes(error: ConfigError, as_json: bool) -> None:
    if as_json:
        print_json({"ok": False, "mistakes": error.mistakes})
        return
    for mistake in error.mistakes:
        tell(str(mistake))
    count = len(error.mistakes)
    found, are = ("1 mistake", "it is") if count == 1 else (f"{count} mistakes", "they are")
    tell(f"{found}; nothing is used until {are} put right", err=True)


def _print_counts(path: Path, bundle: Bundle, *, settings_hold: bool) -> None:
    files, policy = bundle.settings.files, bundle.policy
    if settings_hold:
        tell(f"OK {path}")
    apps, lists = len(policy.catalog.apps), len(policy.catalog.lists)
    tell(f"OK {path.parent / files.apps}: {apps} apps, {lists} lists")
    tell(f"OK {path.parent / files.policy}: {len(policy.rules)} rules, version {policy.version}")
    tell(f"OK {path.parent / files.policy_tests}: {len(bundle.policy_tests.tests)} cases")
    if bundle.settings.admins or bundle.settings.console.login.oidc:
        tell(f"OK the console: {_console(bundle.settings)}")


def _console(settings: Settings) -> str:
    """The people who may log in, and how, in words."""
    ways = settings.console.login
    people = settings.admins.values()
    found = [f"{len(people)} admin{'' if len(people) == 1 else 's'}"]
    if ways.token:
        found.append(f"{sum(1 for each in people if each.token_hash)} by token")
    if ways.oidc:
        found.append(f"{sum(1 for each in people if each.oidc)} at {ways.oidc.issuer} by {ways.oidc.claim}")
        groups = ways.oidc.groups.roles if ways.oidc.groups else ()
        found += [f"members of {len(groups)} groups there"] if groups else []
    if ways.proxy:
        networks = ", ".join(map(str, ways.proxy.from_proxies))
        found.append(f"{sum(1 for each in people if each.proxy)} by {ways.proxy.header} from {networks}")
    return "; ".join(found)


def _print_failure(outcome: CaseResult) -> None:
    tell(f"\nFAILED {outcome.case.name}")
    for name, (expected, got) in outcome.wrong.items():
        tell(f"  {name}: expected {_plain(expected)}, got {_plain(got)}")
    tell(f"  client: {outcome.access.client.kind}, device: {outcome.access.posture.state}")
    for trial in outcome.decision.trials:
        tell(f"  {_worded(trial)}")
    tell(f"  decided by {outcome.decision.rule}: {outcome.decision.effect}, {outcome.decision.reason}")


def _worded(trial: RuleTrial) -> str:
    said = f"matched: {trial.effect}" if trial.matched else "no match"
    note = f" ({trial.note})" if trial.note else ""
    return f"{trial.rule} [{trial.stage}] {said}{note}"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _report(bundle: Bundle, mistakes: list[Mistake], outcomes: list[CaseResult]) -> dict[str, Any]:
    policy, exposed = bundle.policy, bundle.exposed_files()
    good = not mistakes and not any(outcome.wrong for outcome in outcomes)
    return {
        "ok": good,
        "mistakes": mistakes,
        "files": bundle.paths,
        "apps": len(policy.catalog.apps),
        "lists": len(policy.catalog.lists),
        "rules": len(policy.rules),
        "policy_version": policy.version,
        "lingering": _lingering(bundle),
        "without_groups": without_groups(bundle),
        "oldest_lists": {name: in_words(age) for name, (_, age) in _lags(bundle).items()},
        "open_files": [
            {"file": each.path, "others_may": each.may, "refused": each.refused} for each in exposed
        ],
        "console": _console(bundle.settings),
        "cases": list(map(_case, outcomes)),
    }


def _case(outcome: CaseResult) -> dict[str, Any]:
    wrong = {name: {"expected": want, "got": got} for name, (want, got) in outcome.wrong.items()}
    trials = [*outcome.decision.trials] if outcome.wrong else []
    return {"name": outcome.case.name, "ok": not outcome.wrong, "wrong": wrong, "trials": trials}


_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "cyan"}


def doctor(named: Named = None, config: Config = DEFAULT_PATH, as_json: AsObject = False) -> None:
    """Try everything that a gate needs, and say what is wrong and what to do. Exit code 1 if anything is.

    It changes nothing. Run it beside the gate, as the gate's user.
    """
    path = named or config
    if not path.is_file():
        fail(2, f"{path} cannot be read; use the settings of a gate")
    seen = asyncio.run(_examined(path, as_json=as_json))
    counts = Counter(str(each.state) for each in seen)
    if as_json:
        print_json({"ok": not counts["failed"], "checks": seen})
    else:
        Console().print(_table(seen))
        tell(_summary(counts))
    if counts["failed"]:
        raise typer.Exit(REFUSED)


async def _examined(path: Path, *, as_json: bool) -> "list[Diagnosis]":
    # imported here, since it loads more of the gate than any other command needs
    from mailgate.app.doctor import checks
    from mailgate.app.doctor.diagnosis import Examined

    def now() -> datetime:
        return datetime.now(UTC)

    settings, bundle, mistakes = checks.read_files(path, now())
    gate = Examined(path, now, settings, bundle, tuple(mistakes), own_addresses=checks.addresses_towards)
    with progress_bar("Looking", "checks", shown=not as_json) as show:
        async with checks.with_its_store(gate) as opened:
            return await checks.examine(opened, show, checks.CHECKS)


def _table(seen: "list[Diagnosis]") -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in seen:
        said = Text(printable(each.found))
        if each.next:
            said.append(f"\n-> {printable(each.next)}", style="dim" if each.state == "ok" else "")
        table.add_row(Text(each.state, style=_STYLES[each.state]), Text(each.check), said)
    return table


def _summary(counts: Counter[str]) -> str:
    if not counts.total() - counts["ok"]:
        return "\nNothing is wrong."
    return "\n" + ", ".join(f"{counts[each]} {each}" for each in _STYLES if counts[each])
