"""Measures how PostgreSQL deletes a day of sightings: by DELETE, as the gate does, and by dropping a partition.

``python -m benchmarks.pruning postgresql://…`` fills an empty database and prints one JSON object. The rows are made
up, with texts as long as those of real sightings: ``--a-day`` people each day, for ``--days`` days.
"""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import psycopg
import typer

from benchmarks.machine import facts
from mailgate.store import Store

START = datetime(2026, 12, 1, tzinfo=UTC)
PAGE = 500
"""The number of rows that one transaction deletes, as in ``Retention.prune``."""
CLIENTS = """
    INSERT INTO clients (id, kind, handheld, assurance, form, os, browser, protocol, eas_id, method, target, headers, proofs, last_at)
    SELECT md5('client' || n), 'phone', true, 'claimed', 'browser', 'ios', 'safari', 'web', '', 'GET', '',
           '{{"user-agent": "' || repeat('x', 130) || '"}}', '{{}}', '{start}'::timestamptz + interval '{days} days'
    FROM generate_series(1, {count}) AS n
"""
ROWS = """
    INSERT INTO {table} (id, client, day, device, posture, "user", rule, effect, reason, would, policy, count, first_at, last_at, reference)
    SELECT md5(n || '-' || d), md5('client' || (n % {clients} + 1)), '{start}'::date + d, md5('device' || n), 'clean',
           'person' || n || '@example.com', 'clean-handheld', 'allow', '', '[]', '3f2a9c7e11d0', 40,
           '{start}'::timestamptz + d * interval '1 day', '{start}'::timestamptz + d * interval '1 day' + n % 86400 * interval '1 second',
           md5('reference' || n || '-' || d)
    FROM generate_series(1, {count}) AS n, generate_series(0, {days} - 1) AS d
"""
PARTITIONED = """
    CREATE TABLE parted (LIKE sightings INCLUDING DEFAULTS, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE INDEX ON parted (client);
    CREATE INDEX ON parted (device);
    CREATE INDEX ON parted ("user");
    CREATE INDEX ON parted (lower("user" COLLATE "C"));
    CREATE INDEX ON parted (last_at);
    CREATE INDEX ON parted (reference);
"""


def main(
    store: Annotated[str, typer.Argument(help="An empty PostgreSQL database.")],
    a_day: Annotated[int, typer.Option(help="Sightings of one day.")] = 66_000,
    days: Annotated[int, typer.Option(help="How many days are kept.")] = 30,
) -> None:
    """Measure, and print one JSON object."""
    print(json.dumps(asyncio.run(measure(store, a_day, days)), indent=2))


async def measure(url: str, a_day: int, days: int) -> dict[str, Any]:
    """Fill the table and its partitioned twin, then delete the oldest day from both."""
    machine, opened = facts(), await Store.open(url)
    sizes = {"start": START.date(), "count": a_day, "days": days, "clients": a_day // 4}
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(CLIENTS.format(**{**sizes, "count": sizes["clients"]}))
        filled = timed(server, ROWS.format(table="sightings", **sizes))
        make_partitions(server, days)
        filled_parts = timed(server, ROWS.format(table="parted", **sizes))
        server.execute("VACUUM ANALYZE sightings")
        result = {
            "machine": machine,
            "rows": a_day * days,
            "bytes_a_row": bytes_a_row(server, "sightings"),
            "bytes_a_client": bytes_a_row(server, "clients"),
            "insert_us_a_row": round(filled / (a_day * days) * 1e6, 1),
            "insert_us_a_row_partitioned": round(filled_parts / (a_day * days) * 1e6, 1),
            "upsert_ms_for_500": upsert(server, "sightings", "id"),
            "upsert_ms_for_500_partitioned": upsert(server, "parted", "day, id"),
        }
        started, used = time.perf_counter(), time.process_time()
        gone = await delete_day(opened)
        result |= {
            "deleted": gone,
            "delete_seconds": round(time.perf_counter() - started, 1),
            "delete_gate_processor_seconds": round(time.process_time() - used, 1),
            "vacuum_seconds": round(timed(server, "VACUUM sightings"), 1),
            "drop_partition_seconds": round(timed(server, "DROP TABLE parted_0"), 3),
        }
    await opened.close()
    return result


def make_partitions(server: psycopg.Connection[Any], days: int) -> None:
    server.execute(PARTITIONED)
    for number in range(days):
        first = START.date() + timedelta(days=number)
        until = first + timedelta(days=1)
        server.execute(
            f"CREATE TABLE parted_{number} PARTITION OF parted FOR VALUES FROM ('{first}') TO ('{until}')"
        )


async def delete_day(store: Store) -> int:
    """Delete sightings like ``Retention.prune``."""
    gone = 0
    while some := await store.sightings.prune(START + timedelta(days=1), PAGE):
        gone += some
    return gone


def upsert(server: psycopg.Connection[Any], table: str, key: str) -> float:
    """The milliseconds to count up 500 existing sightings, as one write of the ledger does."""
    server.execute(
        f"CREATE TEMP TABLE again AS SELECT * FROM {table} WHERE \"user\" LIKE 'person1%' LIMIT 500"
    )
    counted = (
        f"INSERT INTO {table} SELECT * FROM again "
        f"ON CONFLICT ({key}) DO UPDATE SET count = {table}.count + excluded.count"
    )
    fastest = min(timed(server, counted) for _ in range(5))
    server.execute("DROP TABLE again")
    return round(fastest * 1000, 1)


def bytes_a_row(server: psycopg.Connection[Any], table: str) -> int:
    """The size of a row in bytes, with all indexes."""
    found = server.execute(f"SELECT pg_total_relation_size('{table}') / count(*) FROM {table}").fetchone()
    return int(found[0]) if found else 0


def timed(server: psycopg.Connection[Any], statement: str) -> float:
    started = time.perf_counter()
    server.execute(statement)
    return time.perf_counter() - started


if __name__ == "__main__":
    typer.run(main)
