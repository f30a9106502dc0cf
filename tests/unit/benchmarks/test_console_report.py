"""What the pages of the console took, as a table."""

from benchmarks.console_pages import addresses
from benchmarks.console_report import BEGIN, END, Page, markdown, replaced, results_of, rows_of

MACHINE = {"cores": 2, "cpu": "a processor", "load_before": 0.1}


def results(store: str) -> dict[str, object]:
    pages = [
        Page("now", "/console/", [10.0, 30.0, 20.0], 200, 2048),
        Page("devices", "/console/devices", [40.0, 41.0, 90.0], 200, 1024),
    ]
    return results_of(MACHINE, 1000, store, pages)


def test_the_slowest_page_stands_first() -> None:
    assert list(rows_of(results("SQLite"))) == [
        ("devices", "41 ms", "90 ms", "1 KiB"),
        ("now", "20 ms", "30 ms", "2 KiB"),
    ]


def test_each_store_has_its_columns() -> None:
    both = {name: results(name) for name in ("PostgreSQL", "SQLite")}
    told = markdown(both)
    assert "| page | SQLite: median | worst | PostgreSQL: median | worst |" in told
    assert "| devices | 41 ms | 90 ms | 41 ms | 90 ms |" in told
    assert replaced(f"{BEGIN}old{END}", both).count("| now |") == 1


def test_every_page_with_a_plain_address_is_asked_for() -> None:
    known = dict.fromkeys(("far", "device", "eas", "reference", "plan", "running", "draft", "source"), "x")
    asked = addresses(known)
    assert {"now", "devices", "policy-plans", "audit", "login"} <= asked.keys()
    assert all(address.startswith("/console/") and "{" not in address for address in asked.values())
