"""``mailgate notices``: mails to the people whom a rule is about, and their states."""

import typer

from mailgate.cli.notices import correct, preview, send, shown

app = typer.Typer(help="Send mails to the people whom a rule is about.", no_args_is_help=True)
app.command("preview")(preview.preview)
app.command("send")(send.send)
app.command("correct")(correct.correct)
app.command("status")(shown.status)
app.command("list")(shown.list_mails)
app.command("settle")(shown.settle)
app.command("retry")(shown.retry)
