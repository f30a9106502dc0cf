"""``mailgate policy plan``: the effect of changed rules, and the people whom they would affect."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from mailgate import __version__
from mailgate.atomic_files import write_atomically
from mailgate.cli.admin import TokenFile, acting_person_if_given, admin_token
from mailgate.cli.exit_codes import NEEDS_APPROVAL, REFUSED, WITHIN_GUARD, fail
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config, checked, with_store
from mailgate.cli.output import ShowProgress, print_json, progress_bar, tell
from mailgate.cli.policy.plan_output import Examples, show_plan
from mailgate.config import Bundle, Rules, load_bundle, load_candidate
from mailgate.config.values import ServiceUrl
from mailgate.console.plans.facts import CSV_COLUMNS, rows_of
from mailgate.console.plans.picture import picture
from mailgate.console.policy.versions import rules_called
from mailgate.console.spreadsheet import beginning, lines
from mailgate.console.words import trouble_in_words
from mailgate.errors import SourceError
from mailgate.rollout.guard import beyond_window, guard_of, read_window
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import DAYS, Plan, plain
from mailgate.rollout.planning import plan_and_keep
from mailgate.store import Store
from mailgate.wire import ApiRequest, HttpsWire, Wire

POLL_SECONDS = 1.0
MAX_TRIES = 300
"""How often a gate that makes another plan is asked."""
_REDIRECTED = 3
_SERVICE: TypeAdapter[str] = TypeAdapter(ServiceUrl)
ANSWER_SECONDS, MAX_ANSWER = 30.0, 64 * 1024 * 1024


class _ProblemError(RefusedError):
    """What the gate answered in place of what was asked for."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class GateApi:
    """The API of a gate at its admin port, for one admin. Only one command at a time may use it."""

    url: str
    token: str = field(repr=False)
    wire: Wire = field(default_factory=lambda: HttpsWire(ANSWER_SECONDS, MAX_ANSWER))

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", checked("--gate", _SERVICE, self.url))
        if not self.token:
            fail(1, "a gate asks for your admin token: give it in MAILGATE_ADMIN_TOKEN or with --token-file")

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """The answer as plain data. Raises RefusedError."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = await self.wire.ask(ApiRequest(method, f"{self.url}/api/v1{path}", headers, data))
            told: Any = json.loads(answer.body)
            if not isinstance(told, dict) or answer.status // 100 == _REDIRECTED:
                raise ValueError
        except SourceError as error:
            raise RefusedError(f"{self.url} {trouble_in_words(str(error))}") from None
        except ValueError:
            raise RefusedError(f"{self.url} gives an answer that is no gate's") from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            mistakes = [str(each.get("detail")) for each in told.get("errors", [])]
            raise _ProblemError(
                answer.status,
                "; ".join([f"{self.url}: {told.get('detail') or f'answers {answer.status}'}", *mistakes]),
            )
        return told


async def plan_at_gate(
    api: GateApi, files: Mapping[str, str], days: int, show: ShowProgress
) -> tuple[Plan, int]:
    """Have a gate plan these files. Returns the plan, and how many approvals it needs. Raises RefusedError."""
    try:
        began = (await _begun(api, files, days))["began"]
        while True:
            making = await api.ask("GET", "/plans/making")
            if making["began"] != began:
                raise RefusedError(f"{api.url}: somebody else had another plan made meanwhile; plan again")
            if not making["runs"]:
                break
            show(making["done"], making["total"] or None)
            await asyncio.sleep(POLL_SECONDS)
        if making["wrong"]:
            raise RefusedError(making["wrong"])
        told = await api.ask("GET", f"/plans/{making['digest']}")
        return Plan.model_validate_json(json.dumps(told["plan"])), told["status"]["needed"]
    except (KeyError, TypeError, ValidationError):
        other = f"another version of Mailgate than {__version__}; use the same one here"
        raise RefusedError(f"{api.url} answers as {other}") from None
    finally:
        await api.wire.close()


async def _begun(api: GateApi, files: Mapping[str, str], days: int) -> Any:
    """Have the plan begun, once the gate has made the one before."""
    for _ in range(MAX_TRIES):
        try:
            return await api.ask("POST", "/plans", {"files": files, "days": days})
        except _ProblemError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            busy = error
        await asyncio.sleep(POLL_SECONDS)
    raise busy


Version = Annotated[
    str,
    typer.Option(help="A version that ran, instead of the files: a number, or the beginning of a digest."),
]
Days = Annotated[int, typer.Option(help="How many days of requests to decide again.", min=1, max=366)]


def plan(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Rules to plan instead of the settings' policy file."),
    ] = None,
    version: Version = "",
    days: Days = DAYS,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the counts as CSV.")] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write a picture of the plan to this file.")
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Processes that decide in parallel; 0 for one per core.", min=0, max=64)
    ] = 0,
    by_exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code",
            help="Say by the exit code what the change needs: 0 if these rules already run, 3 if it is within the "
            "guard, 4 if it needs approvals.",
        ),
    ] = False,
    token_file: TokenFile = None,
    gate: Annotated[
        str,
        typer.Option(
            "--gate",
            metavar="URL",
            help="The admin port of a running gate that makes the plan of these files, by what its store knows, and keeps it. "
            "It takes an admin token there. Secrets of the settings need not be here.",
        ),
    ] = "",
) -> None:
    """Show what the rules in the files, or an earlier version, would change for every known device and every recent
    client.

    Nothing is started. Exit code 1 if a case fails. If the settings have admins, a plan can only be started if an
    operator or approver has shown their token for it, or a gate has made it.
    """
    if as_json and as_csv:
        fail(2, "use one of --json and --csv")
    if file and version:
        fail(2, "give a file or --version, not both")
    if gate and version:
        fail(2, "give files with --gate: a version is planned beside the store")
    if gate:
        made, code = _made_at(gate, candidate_of(config, file, without_secrets=True), days, token_file)
        _show(made, svg, as_json, as_csv, Examples())
        if not as_json and not as_csv:
            page = f"{gate.rstrip('/')}/console/policy/plans/{made.digest}"
            tell(f"\nNothing was changed. Everybody by name, and what it needs: {page}")
        _end(made, code if by_exit_code else 0)
    files = None if version else candidate_of(config, file)

    examples = Examples()

    async def run(store: Store, bundle: Bundle) -> tuple[Plan, Person | None, int]:
        who = acting_person_if_given(bundle.settings, "operator", "approver", token_file=token_file)
        candidate = files or await rules_called(store, version)
        made = await planned(store, bundle, candidate, days, workers, who, examples)
        return made, who, await _code_of(store, bundle, made)

    made, who, code = with_store(config, run)
    _show(made, svg, as_json, as_csv, examples)
    if who is None:
        tell("\nNothing was changed. To apply this plan, make it with your admin token.", err=True)
    elif not as_json and not as_csv:
        _say_how_to_apply(made)
    _end(made, code if by_exit_code else 0)


def _show(made: Plan, svg: Path | None, as_json: bool, as_csv: bool, examples: Examples) -> None:
    try:
        if svg:
            write_atomically(svg, picture(made))
    except OSError as error:
        fail(2, f"--svg: {svg} cannot be written ({error.strerror})")
    if as_json:
        print_json(plain(made) | {"examples": examples.plain()})
    elif as_csv:
        typer.echo((beginning(CSV_COLUMNS) + lines(rows_of(made))).encode(), nl=False)
    else:
        show_plan(made, Console(), examples)


def _end(made: Plan, code: int) -> NoReturn:
    raise typer.Exit(REFUSED if made.cases.failed else code)


def _made_at(url: str, candidate: Rules, days: int, token_file: Path | None) -> tuple[Plan, int]:
    """The plan that a gate makes of these rules, and what it needs, as an exit code. Ends the command if there is none."""
    api = GateApi(url.rstrip("/"), admin_token(token_file))
    with progress_bar("deciding", "devices") as show:
        made, needed = asyncio.run(plan_at_gate(api, candidate.texts, days, show))
    same = made.candidate.digest == made.active.digest
    return made, 0 if same else NEEDS_APPROVAL if needed else WITHIN_GUARD


async def _code_of(store: Store, bundle: Bundle, made: Plan) -> int:
    """What a plan needs, as an exit code."""
    if made.candidate.digest == made.active.digest:
        return 0
    guard = guard_of(bundle.settings)
    beyond = guard and beyond_window(made, guard, await read_window(store, guard, made.made_at))
    return NEEDS_APPROVAL if beyond else WITHIN_GUARD


def candidate_of(config: Path, file: Path | None, *, without_secrets: bool = False) -> Rules:
    """The rules in the files, or in ``file``. Raises ConfigError."""
    return (
        load_candidate(config, file) if file else load_bundle(config, without_secrets=without_secrets).rules
    )


async def planned(
    store: Store,
    bundle: Bundle,
    candidate: Rules,
    days: int,
    workers: int,
    who: Person | None,
    examples: Examples,
) -> Plan:
    """Make the plan, with a progress bar; it is kept if an author is named. Ends the command if nothing is in force."""
    active = await store.policies.active()
    if active is None:
        fail(1, "no rules run yet: the first start starts the files")
    with progress_bar("deciding", "devices") as show:
        crew, now = workers or len(os.sched_getaffinity(0)), datetime.now(UTC)
        return await plan_and_keep(
            store, bundle.settings, active, candidate, days, crew, who, now, show, examples.add
        )


def _say_how_to_apply(made: Plan) -> None:
    if made.candidate.digest == made.active.digest:
        tell("\nNothing was changed. These rules already run: there is nothing to start.")
        return
    name = made.digest[:12]
    typer.echo("\nNothing was changed. To start exactly this within a day:")
    typer.echo(f"  mailgate policy apply {name} --note 'why'")
    tell("`mailgate policy plans` says whether others have to approve it first.")
