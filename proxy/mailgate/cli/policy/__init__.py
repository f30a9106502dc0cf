"""``mailgate policy``: the rules in force, earlier versions, and the effect of changes."""

import typer

from mailgate.cli.policy import change, history, plan

app = typer.Typer(help="Show, plan and change the running rules.", no_args_is_help=True)
app.command("history")(history.history)
app.command("show")(history.show)
app.command("diff")(history.diff)
app.command("plan")(plan.plan)
app.command("plans")(change.plans)
app.command("drafts")(history.drafts)
app.command("approve")(change.approve)
app.command("send-back")(change.send_back)
app.command("apply")(change.apply)
app.command("rollback")(change.rollback)
app.command("retract", hidden=True)(change.rollback)
app.command("break-glass")(change.break_glass)
app.command("resume")(change.resume)
