"""Plans: what a candidate would change, for whom, as a picture and in numbers; approving one, and putting it in force."""

import csv
import io
from collections.abc import Mapping, Sequence

from aiohttp import web

from mailgate.console.access import needs
from mailgate.console.candidates import candidate_for
from mailgate.console.context import context_of, person_of
from mailgate.console.forms import Form, form_of, note_of
from mailgate.console.layout import seen_other, show
from mailgate.console.pages.devices import number
from mailgate.errors import ConfigError
from mailgate.rollout import acts, approvals
from mailgate.rollout.acts import plan_called, read_plan
from mailgate.rollout.approvals import plan_status
from mailgate.rollout.guard import guard_of
from mailgate.rollout.plan import DAYS, LABELS, Counts
from mailgate.simulate import DIMENSIONS
from mailgate.views.picture import described, picture
from mailgate.views.plans import (
    CSV_COLUMNS,
    NEWLY,
    idle_rules,
    moment_told,
    notes_of,
    rows_of,
    sample_told,
    undated_told,
)

SIZE = 50
MOST_DAYS = 366
ROWS = 12
SVG_ALONE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""For a picture that has its own styles in it and nothing else."""


async def plans(request: web.Request) -> web.Response:
    return await _listed(request)


@needs("operator", "approver")
async def make(request: web.Request) -> web.Response:
    """Begin to plan the files on disk, rules that were sent in their place, or a version that was in force."""
    context, sent = context_of(request), await form_of(request)
    days, text = number(str(sent.get("days", DAYS))), _uploaded(sent)
    version = number(str(sent.get("version", ""))) or None
    if not 1 <= days <= MOST_DAYS:
        return await _listed(request, 422, [f"A plan looks at 1 to {MOST_DAYS} days of requests."])
    try:
        candidate = await candidate_for(context, text, version)
    except ConfigError as error:
        return await _listed(request, 422, str(error).splitlines())
    if not context.planning.start(candidate, days, person_of(request), context.clock()):
        return await _listed(request, 409, ["Another plan is being made: wait until it is there."])
    return seen_other(request, "policy-plans")


async def plan(request: web.Request) -> web.Response:
    return await _shown(request)


async def draw(request: web.Request) -> web.Response:
    """The picture, to be shown in a page or taken away."""
    found = await plan_called(context_of(request).store, request.match_info["digest"])
    headers = {"Content-Security-Policy": SVG_ALONE}
    return web.Response(text=picture(read_plan(found)), content_type="image/svg+xml", headers=headers)


async def sheet(request: web.Request) -> web.Response:
    """The counts, for a spreadsheet."""
    found = await plan_called(context_of(request).store, request.match_info["digest"])
    out = io.StringIO()
    csv.writer(out).writerows([CSV_COLUMNS, *rows_of(read_plan(found))])
    named = f'attachment; filename="plan-{found.digest[:12]}.csv"'
    return web.Response(text=out.getvalue(), content_type="text/csv", headers={"Content-Disposition": named})


@needs("approver")
async def approve(request: web.Request) -> web.Response:
    """Ask first, in numbers; then stand up for exactly this plan."""
    context, note = context_of(request), await _confirmed(request)
    if note is None:
        return await _shown(request, "plan_approve.html")
    guard, digest = guard_of(context.bundle().settings), request.match_info["digest"]
    await approvals.approve(context.store, digest, person_of(request), note, context.clock(), guard)
    return seen_other(request, "policy-plan", digest=digest)


@needs("operator")
async def apply(request: web.Request) -> web.Response:
    """Ask first, in numbers and with what stands against it; then put it in force."""
    context, note = context_of(request), await _confirmed(request)
    if note is None:
        return await _shown(request, "plan_apply.html")
    override = (await form_of(request)).get("override") == "yes"
    guard = guard_of(context.bundle().settings)
    digest, person = request.match_info["digest"], person_of(request)
    await acts.apply(context.store, digest, person, note, context.clock(), guard, override=override)
    return seen_other(request, "policy")


async def _confirmed(request: web.Request) -> str | None:
    """The note of who has confirmed; None where they have to be asked."""
    sent = await form_of(request)
    if sent.get("confirmed") != "yes":
        return None
    return note_of(sent)


def _uploaded(sent: Form) -> str | None:
    """The rules that were sent; None where those on disk are meant."""
    return sent.get("file", "") if sent.get("from") == "upload" else None


async def _shown(request: web.Request, template: str = "plan.html") -> web.Response:
    context = context_of(request)
    found = await plan_called(context.store, request.match_info["digest"])
    status = await plan_status(context.store, found, guard_of(context.bundle().settings), context.clock())
    whole = await context.planning.named(found, context.store.audit)
    body = whole or status.body
    return show(
        request,
        template,
        plan=body,
        plan_status=status,
        words=described(body),
        newly=_counted(body.newly),
        later=[(moment_told(body, each), _counted(each.newly)) for each in body.later],
        undated=list(undated_told(body)),
        dimensions=DIMENSIONS,
        rows=ROWS,
        samples={label: [*map(sample_told, whole.newly[label].samples)] for label in LABELS}
        if whole
        else None,
        idle=list(idle_rules(body.rules)),
        notes=list(notes_of(body)),
    )


def _counted(newly: Mapping[str, Counts]) -> list[tuple[str, str, Counts]]:
    return [(label, NEWLY[label], newly[label]) for label in LABELS]


async def _listed(request: web.Request, status: int = 200, wrong: Sequence[str] = ()) -> web.Response:
    context = context_of(request)
    found = await approvals.plan_statuses(
        context.store, guard_of(context.bundle().settings), context.clock(), SIZE
    )
    making = context.planning.last
    return show(request, "plans.html", status, found=found, wrong=wrong, making=making, days=DAYS)


ROUTES = [
    web.get("/policy/plans", plans, name="policy-plans"),
    web.post("/policy/plans", make, name="policy-plans-make"),
    web.get("/policy/plans/{digest:[0-9a-f]+}", plan, name="policy-plan"),
    web.get("/policy/plans/{digest:[0-9a-f]+}/picture.svg", draw, name="policy-plan-picture"),
    web.get("/policy/plans/{digest:[0-9a-f]+}/counts.csv", sheet, name="policy-plan-csv"),
    web.post("/policy/plans/{digest:[0-9a-f]+}/approve", approve, name="policy-plan-approve"),
    web.post("/policy/plans/{digest:[0-9a-f]+}/apply", apply, name="policy-plan-apply"),
]
