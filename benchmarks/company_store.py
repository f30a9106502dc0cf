"""A store like that of a large company: the devices of ``filled_store.py``, with two weeks of everything else that the
console shows.

Most of it is made by the database itself, from existing rows, so that a million devices take a minute or two.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.filled_store import CACHE, filled_store, key_of, migrations
from benchmarks.peers.mailgate import write_config
from mailgate.config import compile_rules, load_bundle
from mailgate.policy.edits import ShareEdit
from mailgate.rollout import rule_texts_of
from mailgate.rollout.admins import hash_of, token_of
from mailgate.rollout.drafts import make_draft
from mailgate.rollout.person import Person
from mailgate.rollout.planning import plan_and_keep
from mailgate.store import Act, Store
from mailgate.store.hash_chain import Entry, Head, digest_of
from mailgate.store.schema import metadata

LAYOUT = 3
"""Increased when an earlier store can no longer be used."""
FEW = 1_000
"""The number of devices in the store with the plan whose copies are put into the large one."""
VERSIONS, PLANS, DRAFTS, ENTRIES = 60, 40, 50, 50_000
WRITTEN_BY_A_GATE = ("sightings", "device_rows", "verdict_counts", "app_counts")
"""What another bench has added to a store besides its devices, by running a gate on it."""
ADMIN, SECRET = "ada", "the secret of a bench"
SALT = bytes(16)

Watch = Callable[[str, int, int], None]
"""Called with what is being made, how much is done, and how much there is."""

SETTINGS: dict[str, Any] = {
    "listen": "127.0.0.1:0",
    "upstream": "http://127.0.0.1:9",
    "admins": {ADMIN: {"token_hash": hash_of(SECRET, SALT), "roles": ["viewer", "operator", "approver"]}},
    "guard": {"max_newly_blocked": "1%", "approvals": 1},
    "connectors": {"jamf-file": {"type": "file", "path": "devices.csv"}},
}

LIFE: dict[str, str] = {
    # the reports of sources: of each hundred devices some are missing, partial, stale or without a kind; few have a rare app
    "reports": """
        UPDATE reports SET
          apps = CASE WHEN device % 200000 = 150001 THEN '["moomoo"]' WHEN h < 10 THEN '[]'
                      WHEN device % 50 = 7 THEN '["capcut", "tiktok"]' WHEN device % 50 = 8 THEN '["deepseek"]' ELSE apps END,
          apps_complete = CASE WHEN h < 10 THEN NULL ELSE h >= 25 END,
          reported_at = CASE WHEN h < 10 THEN NULL WHEN h < 75 AND h >= 25 THEN {at} ELSE reported_at END,
          kind = CASE WHEN h < 78 AND h >= 75 THEN NULL WHEN h = 78 THEN 'other' ELSE kind END
        FROM (SELECT key, key * 7919 % 1000 AS h FROM devices) WHERE key = device
    """.replace("{at}", "strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-20 days')"),
    "second sources": """
        INSERT INTO reports SELECT 'agent-' || device, 'https://agents.example.com', device, owner, person, kind, os,
          os_version, managed, status, '[]', 0, first_seen, first_seen, expires_at, gone, handed, names, first_seen, last_seen
        FROM reports WHERE device % 20 = 11
    """,
    "lost devices": "UPDATE devices SET lost_at = last_seen WHERE key % 5000 = 77",
    # as a gate would have computed them; a page computes each that it shows
    "rows": """
        INSERT INTO device_rows SELECT device, person, coalesce(kind, 'unknown'), os, os_version, source,
          CASE WHEN apps <> '[]' THEN 'listed' WHEN reported_at IS NULL THEN 'missing' WHEN reported_at < {stale} THEN 'stale'
               WHEN NOT apps_complete THEN 'partial' ELSE 'clean' END,
          CASE WHEN device % 5000 = 77 THEN 'lost'
               WHEN apps = '[]' AND reported_at >= {stale} AND apps_complete THEN 'gets-mail' ELSE 'kept-out' END,
          CASE apps WHEN '[]' THEN '' ELSE apps END, CASE WHEN apps = '[]' OR device % 5000 = 77 THEN '' ELSE apps END, '', coalesce(reported_at, '1970-01-01 00:00:00.000000')
        FROM reports WHERE id NOT LIKE 'agent-%'
    """.replace("{stale}", "strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-1 days')"),
    "rows that are up to date": "UPDATE device_row_changes SET number = (SELECT number FROM device_changes)",
    "findings": """
        INSERT INTO device_findings SELECT key, 'device-os-contradicted', '', 'ios by one source, android by another', first_seen
        FROM devices WHERE key % 500 = 13
    """,
    "clients": """
        INSERT INTO clients SELECT 'app-' || key, 'phone', 1, 'consistent', 'phone', 'ios', '', 'activesync', 'ApplC' || key, 'POST',
          '/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=ApplC' || key || '&DeviceType=iPhone',
          '{"user-agent": "Apple-iPhone16C2/2306.' || key || '"}', '{}', last_seen
        FROM devices WHERE key % 10 = 1
    """,
    "sightings": """
        WITH RECURSIVE days(d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM days WHERE d < 13),
        seen AS (SELECT key, id, d, (key * 7919 + d * 104729) % 1000 AS h,
                 d * 86400 + key * 48271 % CASE d WHEN 0 THEN 14400 ELSE 36000 END AS ago FROM devices, days WHERE key % 5 = 1)
        INSERT INTO sightings
        SELECT lower(hex(randomblob(16))),
          CASE WHEN key % 10 = 1 THEN 'app-' || key ELSE (SELECT id FROM clients WHERE eas_id = '' LIMIT 1) END,
          strftime('%Y-%m-%d', :now, '-' || ago || ' seconds'),
          CASE h WHEN 999 THEN '' ELSE id END,
          CASE WHEN h < 930 THEN 'clean' WHEN h < 960 THEN 'missing' WHEN h < 980 THEN 'stale' ELSE 'listed' END,
          'person-' || ((key - 1) / 2) || '@example.com',
          CASE WHEN h < 930 THEN CASE key % 4 WHEN 0 THEN 'laptop-browser' ELSE 'clean-handheld' END
               WHEN h < 980 THEN 'unproven-handheld' ELSE 'prohibited-app' END,
          CASE WHEN h < 930 THEN 'allow' WHEN h < 985 THEN 'block' ELSE 'warn' END,
          CASE WHEN h < 930 THEN 'rule-matched' WHEN h < 960 THEN 'posture-missing' WHEN h < 980 THEN 'posture-stale'
               ELSE 'prohibited-app' END,
          '[]', '3f2a9c7e11d0', 1 + key % 60, strftime('%Y-%m-%d %H:%M:%f000', :now, '-' || (ago + 3600) || ' seconds'),
          strftime('%Y-%m-%d %H:%M:%f000', :now, '-' || ago || ' seconds'), hex(randomblob(8)), 0
        FROM seen
    """,
    # three requests that a rule kept out nearly two hours ago, rare among all later ones
    "rare sightings": """
        UPDATE sightings SET rule = 'kind-contradicted', reason = 'kind-contradicted', effect = 'block' WHERE id IN
          (SELECT id FROM sightings WHERE last_at < strftime('%Y-%m-%d %H:%M:%f000', :now, '-6600 seconds') ORDER BY last_at DESC LIMIT 3)
    """,
    "exemptions": """
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
        INSERT INTO reliefs SELECT n, 'exemption', CASE n % 3 WHEN 0 THEN '' ELSE 'unproven-handheld' END, 'A new phone is on its way', 'ada',
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || (2000 - n) || ' hours'),
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, (n - 1500) || ' hours'), 'person-' || n || '@example.com', '',
          CASE n % 10 WHEN 0 THEN strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-1 hours') END,
          CASE n % 10 WHEN 0 THEN 'ada' ELSE '' END, ''
        FROM n
    """,
    "mails": """
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
        INSERT INTO mails SELECT lower(hex(randomblob(16))), 'person-' || n || '@example.com', 'person-' || n || '@example.com',
          'prohibited-app', 1 + n % 3, CASE n % 2 WHEN 0 THEN 'upcoming' ELSE 'correction' END, 0, NULL,
          CASE WHEN n % 500 = 0 THEN 'failed' WHEN n % 1000 = 1 THEN 'queued' ELSE 'sent' END, '', 1, '',
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || (n % 336) || ' hours'),
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || (n % 336) || ' hours'), NULL,
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || (n % 336) || ' hours')
        FROM n
    """,
    "quarantine mails": """
        INSERT INTO quarantine_mails SELECT 'person-' || ((key - 1) / 2) || '@example.com', id, 'posture-missing', last_seen
        FROM devices WHERE key % 20 = 3
    """,
    "help requests": """
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
        INSERT INTO help_requests SELECT 'prohibited-app', 'person-' || n, 'person-' || n, '', 'prohibited-app', '', '3f2a9c7e11d0', 1, 1,
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || (n % 336) || ' hours'),
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || (n % 336) || ' hours'), NULL, NULL, ''
        FROM n
    """,
    # what all gates decided: of each minute of two hours, each hour of 14 days and each day of 60
    "counts of verdicts": """
        WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 335),
        spans(span, at) AS (
          SELECT 'minute', strftime('%Y-%m-%d %H:%M:00.000000', :now, '-' || n || ' minutes') FROM n WHERE n < 120
          UNION ALL SELECT 'hour', strftime('%Y-%m-%d %H:00:00.000000', :now, '-' || n || ' hours') FROM n
          UNION ALL SELECT 'day', strftime('%Y-%m-%d 00:00:00.000000', :now, '-' || n || ' days') FROM n WHERE n < 60),
        kinds(kind) AS (VALUES ('laptop'), ('phone'), ('tablet'), ('mail_app'), ('tool'), ('bot'), ('other'), ('unknown')),
        effects(effect) AS (VALUES ('allow'), ('warn'), ('challenge'), ('block')),
        rules(r) AS (SELECT n FROM n WHERE n < 20)
        INSERT INTO verdict_counts SELECT span, at, effect, kind, '', '', 7919 FROM spans, kinds, effects
        UNION ALL SELECT span, at, 'block', '', 'rule-' || r, 'prohibited-app', 1 + r FROM spans, rules
    """,
    "counts of apps": """
        WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 99),
        apps(app, many) AS (VALUES ('tiktok', 20000), ('capcut', 20000), ('deepseek', 20000), ('wechat', 9000), ('moomoo', 5))
        INSERT INTO app_counts SELECT date(:now, '-' || n || ' days'), app, many - n % 5, many, many - n % 5, many,
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || n || ' days') FROM n, apps
    """,
    "first refusals": """
        INSERT INTO first_refusals SELECT (SELECT policy FROM policies WHERE number = (SELECT number FROM activations ORDER BY serial DESC LIMIT 1)),
          person, person, '', 'prohibited-app', strftime('%Y-%m-%d %H:00:00.000000', :now, '-' || (device % 200) || ' hours'),
          CASE device % 10 WHEN 0 THEN 'before' WHEN 1 THEN 'other' ELSE 'planned' END
        FROM device_rows WHERE mail = 'kept-out' AND person <> '' AND device % 2 = 1 GROUP BY person
    """,
    "enrolment tokens": """
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
        INSERT INTO enrolment_tokens SELECT randomblob(32), 'e-' || n, 'person-' || n || '@example.com', 'for a new laptop', n % 3,
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || n || ' minutes'),
          strftime('%Y-%m-%d %H:%M:%S.000000', :now, (3000 - n) || ' minutes')
        FROM n
    """,
    "enrolled keys": """
        INSERT INTO enrolled_keys SELECT lower(hex(randomblob(16))), 'laptop-' || key, 'person-' || ((key - 1) / 2) || '@example.com',
          'e-' || (key % 3000), first_seen, last_seen, CASE key % 1000 WHEN 3 THEN last_seen END
        FROM devices WHERE key % 10 = 3
    """,
}
"""The statements, in order; ``:now`` is the time. The tables are empty except for the devices of ``filled_store.py``."""

WHATS = (
    "console-login",
    "exemption-given",
    "console-logout",
    "device-lost",
    "connector-read",
    "policy-planned",
)


async def company_store(count: int, cache: Path = CACHE, watch: Watch = lambda *_: None) -> Path:
    """The settings of such a store with this many devices, made again if there is none to reuse."""
    now = datetime.now(UTC)
    name = f"lived-{LAYOUT}-{key_of(count, migrations(), now)}"
    config = cache / name / "mailgate.yaml"
    if not config.exists():
        watch("devices", 0, 1)
        devices = await filled_store(count, cache)
        watch("devices", 1, 1)
        for old in cache.glob(f"lived-*-{count}-*"):
            shutil.rmtree(old)
        making = cache / f"{name}-making"
        making.mkdir()
        shutil.copy(devices.parent / "mailgate.db", making)
        await add_history(making, count, cache, now, watch)
        making.rename(cache / name)
        write_settings(cache / name)
    return config


def freshen(path: Path, now: datetime) -> None:
    """Move the last hours of a store that was made earlier to now."""
    with sqlite3.connect(path, isolation_level=None) as database:
        newest = datetime.fromisoformat(database.execute("SELECT max(last_at) FROM sightings").fetchone()[0])
        past = f"+{int((now.replace(tzinfo=None) - newest).total_seconds())} seconds"
        database.execute(
            "UPDATE sightings SET last_at = strftime('%Y-%m-%d %H:%M:%f000', last_at, ?) WHERE last_at > ?",
            (past, f"{newest - timedelta(hours=4):%Y-%m-%d %H:%M:%S}"),
        )
    database.close()


def write_settings(folder: Path, **settings: Any) -> Path:
    """The path of a settings file for a gate on the store in this folder, or on another one."""
    (folder / "devices.csv").touch()
    return write_config(folder, SETTINGS | settings)


async def add_history(folder: Path, count: int, cache: Path, now: datetime, watch: Watch) -> None:
    """Add a history to a store that has only devices."""
    await change_rules(folder, now)
    with sqlite3.connect(folder / "mailgate.db", isolation_level=None) as database:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "foreign_keys=OFF"):
            database.execute(f"PRAGMA {pragma}")
        indexes = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name <> 'devices'"
        ).fetchall()
        steps = [*(f'DROP INDEX "{index}"' for index, _ in indexes), "BEGIN"]
        steps += [
            *(f"DELETE FROM {table}" for table in WRITTEN_BY_A_GATE),
            *LIFE.values(),
            "COMMIT",
            *(sql for _, sql in indexes),
        ]
        for number, step in enumerate(steps, 1):
            database.execute(
                with_columns(step), {"now": f"{now:%Y-%m-%d %H:%M:%S}"} if ":now" in step else {}
            )
            watch("two weeks of a company", number, len(steps))
        write_log(database, now)
        copy_plans(database, await a_plan(folder, count, cache, now), now)
        plan_everybody(database)
        database.execute("PRAGMA journal_mode=WAL")
    database.close()


def with_columns(statement: str) -> str:
    """The statement with the columns of its table in the order of the schema, since a store may have another order."""

    def named(found: re.Match[str]) -> str:
        quoted = [f'"{column.name}"' for column in metadata.tables[found[1]].c]
        return f"{found[0]} ({', '.join(quoted)})"

    return re.sub(r"INSERT INTO (\w+)", named, statement)


async def change_rules(folder: Path, now: datetime) -> None:
    """Put one version after the other in force, without admins' names."""
    bundle = load_bundle(write_settings(folder))
    store = await Store.open(bundle.settings.store.get_secret_value())
    for number in range(VERSIONS, 0, -1):
        text = bundle.rules.texts["policy.yaml"] + f"\n# draft {number}\n"
        draft = rule_texts_of(compile_rules({**bundle.rules.texts, "policy.yaml": text}))
        at = now - timedelta(days=number)
        await store.policies.activate(draft, Act(at, ADMIN, "policy-activated", why=f"draft {number}"))
    await store.policies.activate(
        rule_texts_of(bundle.rules), Act(now, ADMIN, "policy-activated", why="the files")
    )
    await draft_changes(store, now)
    await store.close()


async def draft_changes(store: Store, now: datetime) -> None:
    """Draft as many changes as a page shows."""
    for number in range(1, DRAFTS + 1):
        edit = ShareEdit(change="set-share", rule="prohibited-app", share=f"{number}%")
        await make_draft(store, edit, Person(ADMIN, "bench"), now)


async def a_plan(folder: Path, count: int, cache: Path, now: datetime) -> dict[str, Any]:
    """The row of a plan: made here for few devices, or taken from a store with few."""
    if count > FEW:
        folder = (await company_store(FEW, cache)).parent
    else:
        await make_plan(folder, now)
    with sqlite3.connect(folder / "mailgate.db") as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM plans LIMIT 1").fetchone())
    database.close()
    return row


async def make_plan(folder: Path, now: datetime) -> None:
    """Plan to keep out all Android devices."""
    bundle = load_bundle(write_settings(folder))
    store = await Store.open(bundle.settings.store.get_secret_value())
    text = bundle.rules.texts["policy.yaml"].replace(
        '"prohibited" in device.lists', '("prohibited" in device.lists || device.os == "android")'
    )
    candidate = compile_rules({**bundle.rules.texts, "policy.yaml": text})
    active, who = await store.policies.active(), Person(ADMIN, "bench")
    assert active is not None
    await plan_and_keep(store, bundle.settings, active, candidate, 14, 1, who, now, lambda *_: None)
    await store.close()


def copy_plans(database: sqlite3.Connection, row: dict[str, Any], now: datetime) -> None:
    """The same plan with many digests: its text is as long as that of a large company, which has larger numbers."""
    serial = database.execute("SELECT max(serial) FROM activations").fetchone()[0]
    names = ", ".join(row)
    for number in range(PLANS):
        digest, at = f"{number:06x}{row['digest'][6:]}", now - timedelta(hours=number)
        body = json.dumps(json.loads(row["body"]) | {"digest": digest})
        told = row | {"digest": digest, "serial": serial - number // 3, "body": body}
        told |= {"made_at": f"{at:%Y-%m-%d %H:%M:%S.000000}"}
        marks = ", ".join("?" * len(told))
        database.execute(f"INSERT OR REPLACE INTO plans ({names}) VALUES ({marks})", tuple(told.values()))


def plan_everybody(database: sqlite3.Connection) -> None:
    """Let the newest plan move all Android devices by name, and let the one before be in force, with as many."""
    digests = [row[0] for row in database.execute("SELECT digest FROM plans ORDER BY made_at DESC LIMIT 2")]
    for digest in digests:
        database.execute("DELETE FROM plan_movers WHERE plan = ?", (digest,))
        database.execute(
            with_columns("""
            INSERT INTO plan_movers SELECT ?, row_number() OVER (ORDER BY device), person, id, kind, os, '[]', state, coalesce(nullif(apps, ''), '[]'),
              'block', 'allow', 'clean-handheld', 'block', 'prohibited-app', 'prohibited-app', 0, 0
            FROM device_rows JOIN devices ON key = device WHERE os = 'android'
            """),
            (digest,),
        )
        database.execute(
            "UPDATE plans SET movers = (SELECT count(*) FROM plan_movers WHERE plan = digest) WHERE digest = ?",
            (digest,),
        )
    database.execute(
        """
        UPDATE plans SET (candidate, policy, texts) = (SELECT digest, policy, texts FROM policies WHERE number =
          (SELECT number FROM activations ORDER BY serial DESC LIMIT 1)) WHERE digest = ?
        """,
        (digests[1],),
    )


def write_log(database: sqlite3.Connection, now: datetime) -> None:
    """An audit log as long as that of a large company after years, with valid digests."""
    head = Head(*database.execute("SELECT number, digest FROM audit_head").fetchone())
    database.execute("BEGIN")
    for entry in entries(head, now):
        told = astuple(entry)
        database.execute(f"INSERT INTO audit VALUES ({', '.join('?' * len(told))})", told)
        database.execute(
            "UPDATE audit_head SET number = ?, digest = ?", (entry.head.number, entry.head.digest)
        )
    database.execute("COMMIT")


def entries(head: Head, now: datetime) -> Iterator[Entry]:
    """Acts of forty admins, some minutes apart."""
    for number in range(1, ENTRIES + 1):
        at = now - timedelta(minutes=10 * (ENTRIES - number))
        what, who = WHATS[number % len(WHATS)], f"admin-{number % 40}"
        told = json.dumps({"rule": "unproven-handheld"}) if what == "exemption-given" else "{}"
        about = f"exemption {number}" if what == "exemption-given" else f"device {number:032x}"
        entry = Entry(
            head.number + 1, at.isoformat(timespec="microseconds"), who, what, about, "as asked for in a ticket",
            "console at gate-1", told, head.digest,
        )  # fmt: skip
        entry = replace(entry, digest=digest_of(entry))
        head = entry.head
        yield entry


def token() -> str:
    """The admin token for such a store."""
    return token_of(ADMIN, SECRET)
