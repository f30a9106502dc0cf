"""``docs/policy.md`` keeps step with the environment of conditions."""

from runpy import run_path

from tests.docs.reading import ROOT


def test_the_table_of_variables_is_up_to_date() -> None:
    script = run_path(str(ROOT / "docs" / "make_variable_table.py"))
    page = (ROOT / "docs" / "policy.md").read_text("utf-8")
    assert "| `client.kind` |" in page
    assert script["with_table"](page) == page, "run: PYTHONPATH=proxy python docs/make_variable_table.py"
