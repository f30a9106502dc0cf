"""``docs/policy.md`` keeps step with the environment of conditions."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_variables_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_variable_table", DOCS / "make_variable_table.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (DOCS / "policy.md").read_text("utf-8")
    assert "| `client.kind` |" in page
    assert script.with_table(page) == page, "run: PYTHONPATH=proxy python docs/make_variable_table.py"
