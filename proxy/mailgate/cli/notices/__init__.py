"""``mailgate notices``: mails to the people whom a rule is about, and their states."""

import typer

from mailgate.cli.notices import preview, send, states

app = typer.Typer(help="Send mails to the people whom a rule is about.", no_args_is_help=True)
app.command("preview")(preview.preview)
app.command("send")(send.send)
app.command("correct")(send.correct)
app.command("status")(states.status)
app.command("list")(states.list_mails)
app.command("settle")(states.settle)
app.command("retry")(states.retry)
