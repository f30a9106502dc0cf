"""What the console shows again and again."""

import re

import pytest
from markupsafe import Markup

from mailgate.console.shapes import badge, breakable, table

HEAD = '<thead><tr><th class="num">No.</th><th class="name">Whom</th><th aria-sort="ascending"><a href="/">Since ▲</a></th><th><span class="hidden">Actions</span></th></tr></thead>'


def shown(row: str, head: str = HEAD) -> str:
    return str(table("A <list>", caller=lambda: Markup(f"{head}<tbody><tr>{row}</tr></tbody>")))


def test_each_cell_says_its_column_but_for_the_name_and_the_acts() -> None:
    row = re.search(
        r"<tbody><tr>(.*)</tr>",
        shown('<td class="num">1</td><td>alice</td><td></td><td><button>End</button></td>'),
    )
    assert row
    assert row[1] == (
        '<td class="num" data-th="No."><div>1</div></td><td class="name">alice</td><td data-th="Since"></td>'
        '<td class="act"><button>End</button></td>'
    )  # fmt: skip


def test_the_first_column_is_the_name_of_a_row_if_none_is_called_so() -> None:
    head = "<thead><tr><th>Rule</th><th>By</th></tr></thead>"
    assert '<th scope="row" class="wrap name">a</th>' in shown(
        '<th scope="row" class="wrap">a</th><td>b</td>', head
    )


def test_a_row_over_every_column_stays_as_it_is() -> None:
    assert '<tr><td colspan="4">None</td></tr>' in shown('<td colspan="4">None</td>')


@pytest.mark.parametrize(
    ("columns", "size"), [(1, "least"), (4, "few"), (5, "some"), (6, "some"), (7, "many")]
)
def test_the_more_columns_the_earlier_a_table_becomes_cards(columns: int, size: str) -> None:
    head = f"<thead><tr>{'<th>a</th>' * columns}</tr></thead>"
    assert f'<div class="table {size}"><table aria-label="A &lt;list&gt;">' in shown("", head)


@pytest.mark.parametrize(
    ("state", "form"),
    [("gets-mail", "ok"), ("kept-out", "no"), ("warned", "warn"), ("exempt", "let"), ("watches", "off"), ("of another release", "off")],
)  # fmt: skip
def test_a_state_has_a_form_and_what_is_not_known_never_looks_like_mail(state: str, form: str) -> None:
    assert f'<span class="badge {form}">' in badge("It is <so>", state)
    assert badge("It is <so>", state).endswith("It is &lt;so&gt;</span>")


def test_an_address_breaks_before_its_domain_and_no_attribute_does() -> None:
    assert breakable("<ada@example.com>") == "&lt;ada<wbr>@example.com&gt;"
    assert '<a href="?login=ada@example.com">ada<wbr>@example.com</a>' in shown(
        '<td class="num">1</td><td><a href="?login=ada@example.com">ada@example.com</a></td><td></td><td></td>'
    )
