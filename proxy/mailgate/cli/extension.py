"""``mailgate extension``: the companion extension on the company's computers."""

import typer

app = typer.Typer(help="Give the companion extension to the company's computers.", no_args_is_help=True)
