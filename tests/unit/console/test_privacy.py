"""The privacy report: what it says comes from the settings, the rules and the schema; it says nothing else as a fact."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import Column, Text
from tests.simulated_phones import SIGNERS, Maker
from tests.unit.cli.gate_files import APPS, POLICY, SETTINGS
from tests.unit.store.examples import NOW

from mailgate.config import Bundle, load_bundle
from mailgate.config.sources.google import PushSettings
from mailgate.console.policy.versions import VersionDifference, _difference
from mailgate.console.privacy.document import Form
from mailgate.console.privacy.facts import hosts_in, list_digest, stored_tables
from mailgate.console.privacy.report import CHECKED, NOT_CHECKED, REFLOW, privacy_report
from mailgate.store import Version
from mailgate.store.personal_data import PERSONAL
from mailgate.store.schema import reports
from mailgate.texts import IN_ENGLISH, console_languages

GERMAN = console_languages()["de"]
INTUNE = (
    "connectors: {phones: {type: intune, tenant: t, client_id: c, client_secret: {env: SECRET},"
    " login_url: 'https://login.example.com', base_url: 'https://graph.example.com'}}\n"
)


def bundle_of(
    folder: Path, settings: str = "", *, apps: str = APPS, policy: str = POLICY, store: str = ""
) -> Bundle:
    (folder / "apps.yaml").write_text(apps)
    (folder / "policy.yaml").write_text(policy)
    written = re.sub("store: .*", f"store: {store}", SETTINGS) if store else SETTINGS
    (folder / "mailgate.yaml").write_text(written + settings)
    return load_bundle(
        folder / "mailgate.yaml", {"SECRET": "hidden", "STORE": "postgresql://me:hidden@db.example.com/x"}
    )


def version(number: int, bundle: Bundle) -> Version:
    return Version(number, bundle.rules.digest, "", bundle.rules.texts, "ada", "why", NOW)


def report(bundle: Bundle, since: VersionDifference | None = None) -> str:
    return privacy_report(bundle, None, since, NOW, Form.MARKDOWN, IN_ENGLISH)


def part(told: str, title: str) -> str:
    return re.split(r"\n#+ ", re.split(rf"\n#+ {re.escape(title)}", told)[1])[0]


def test_markdown_and_html_have_the_same_words_and_nothing_in_them_is_markup(tmp_path: Path) -> None:
    rule = {"id": "a-1", "title": "_1_\n2", "when": "'|<' == 'x'", "effect": "block"}
    company = "company: {name: 'its | <b>name</b>'}\n"
    bundle = bundle_of(tmp_path, company, policy=json.dumps({"rules": [rule]}))
    told, page = (privacy_report(bundle, None, None, NOW, form, GERMAN) for form in Form)
    assert "| its \\| \\<b\\>name\\</b\\> |\n" in told
    assert re.search(re.escape("| `a-1` | \\_1\\_ 2 |") + ".*" + re.escape("| `'\\|<' == 'x'` |"), told)
    assert "\n- **Zu ergänzen:** " in told
    assert '<html lang="de">' in page
    assert "<td>its | &lt;b&gt;name&lt;/b&gt;</td>" in page
    assert "<td><code>a-1</code></td><td>_1_ 2</td>" in page
    assert "<code>&#x27;|&lt;&#x27; == &#x27;x&#x27;</code>" in page
    assert "<li><mark><b>Zu ergänzen:</b> " in page
    assert not re.search(r"<script| (src|href)=|url\(", page)


def test_a_text_of_a_rule_is_in_the_language_of_the_document_if_it_has_it(tmp_path: Path) -> None:
    rule = {"id": "a", "title": {"en": "No", "de": "Nein"}, "when": "true", "effect": "block"}
    bundle = bundle_of(tmp_path, policy=json.dumps({"rules": [rule]}))
    assert "| `a` | No |" in report(bundle)
    assert "| `a` | Nein |" in privacy_report(bundle, None, None, NOW, Form.MARKDOWN, GERMAN)


def test_every_table_with_people_stands_there_with_all_its_columns_and_its_time(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "retention: {sightings: 11d, devices: 22d, lost_devices: 33d, looks: 44d}\n")
    told = {each.name: each for each in stored_tables(bundle.settings)}
    assert set(told) == {table.name for table in PERSONAL}
    for table in PERSONAL:
        assert told[table.name].columns == tuple(table.columns.keys())
    days = {each.kept.days for each in told.values()}
    assert days == {11, 22, 44}
    assert {name for name, each in told.items() if each.kept == timedelta(days=22)} == {
        "devices", "reports", "device_names", "device_findings", "device_rows", "enrolled_keys", "enrolment_tokens",
        "shut_enrolments",
    }  # fmt: skip
    said = part(report(bundle), "3.2 ")
    assert "| `sightings` |" in said
    assert "33 days" in said


def test_a_new_column_of_the_schema_is_in_the_next_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = bundle_of(tmp_path)
    columns = {**dict(reports.columns.items()), "shoe_size": Column("shoe_size", Text)}
    monkeypatch.setattr(reports, "columns", columns)
    assert "`shoe_size`" in part(report(bundle), "3.2 ")


@pytest.mark.parametrize(
    ("settings", "store", "rows"),
    [
        ("", "", {("The database", "the gate's own computer"), ("The webmail", "127.0.0.1")}),
        ("", "{env: STORE}", {("The database", "db.example.com")}),
        (INTUNE, "", {("Source phones", "graph.example.com"), ("Source phones", "login.example.com")}),
        (
            "notices: {smtp: 'smtp.example.com:587', sender: a@example.com, domain: example.com}\n",
            "",
            {("Mails about rules", "smtp.example.com:587")},
        ),
        (
            "events: {syslog: 'siem.example.com:514'}\nwitness: {syslog: 'unix:/dev/log'}\n",
            "",
            {("Events for a SIEM", "siem.example.com:514"), ("Witness of the audit log", "unix:/dev/log")},
        ),
        ("traces: {endpoint: 'https://otel.example.com'}\n", "", {("Traces", "otel.example.com")}),
        (
            "attestation: {issuers: [{issuer: a, jwks: 'https://keys.example.com/jwks/x'}]}\n",
            "",
            {("Keys of an issuer", "keys.example.com")},
        ),
        (
            "trusted_proxies: [192.0.2.0/24]\nlogin_tokens: {issuer: a, client_id: c, jwks: 'https://login.example.com/keys'}\n",
            "",
            {("Keys of an issuer", "login.example.com")},
        ),
        ("log: {access: {include: [name]}}\n", "", {("Access log", "the standard error of the gate")}),
    ],
)
def test_everything_outside_that_is_asked_or_told_is_a_recipient(
    tmp_path: Path, settings: str, store: str, rows: Iterable[tuple[str, str]]
) -> None:
    told = report(bundle_of(tmp_path, settings, store=store)).replace("`", "")
    assert all(f"\n| {words} | {where} |" in told for words, where in rows)
    assert "hidden" not in told


@pytest.mark.parametrize(
    ("push", "hosts"),
    [({"audience": "a", "email": "push@example.com"}, ["www.googleapis.com"]), ({"api_key": "k" * 32}, [])],
)
def test_the_keys_of_a_push_are_fetched_from_outside(push: dict[str, str], hosts: list[str]) -> None:
    assert [*hosts_in(PushSettings.model_construct(**push))] == hosts


def test_a_digest_changes_with_the_apps_of_a_list_and_how_they_are_recognised_alone(tmp_path: Path) -> None:
    def digest(apps: str) -> str:
        return list_digest(bundle_of(tmp_path, apps=apps).policy.catalog, "prohibited")

    plain = digest(APPS)
    assert digest(APPS.replace("[tiktok]", "[chess, tiktok]")) == digest(
        APPS.replace("[tiktok]", "[tiktok, chess]")
    )
    assert digest(APPS.replace("Chess", "Go")) == plain
    assert len({plain, digest(APPS.replace("TikTok}", "TikTok, ios: [a.b]}")), digest(APPS.replace("[tiktok]", "[chess]"))}) == 3  # fmt: skip


GUARD = "guard: {max_newly_blocked: 1%, approvals: 2, window: 7d}\n"


@pytest.mark.parametrize(
    ("settings", "title", "words"),
    [
        ("", "3.6 ", "No guard is set"),
        (GUARD, "3.6 ", "more than 1% of people or devices within 7 days need the approval of 2 other people"),
        ("", "3.6 ", "are not set up"),
        ("", "3.5 ", "No admins are named"),
        ("choices: [company-phone]\n", "3.8 ", "offers: a phone of the company."),
        ("choices: []\n", "3.8 ", "offers: none."),
        ("", "2.1 ", "No source of reports is set up."),
        (INTUNE, "2.1 ", "| `phones` | `intune` | every 15 minutes | all apps that it collects"),
        ("trusted_proxies: [192.0.2.0/24]\nposture: {browsers: by-person}\n", "2.1 ", "goes by all phones and tablets of the person"),
        ("", "4. ", "Sources are: your devices themselves."),
        (INTUNE, "4. ", "Sources are: phones, your devices themselves."),
        ("attestation: {issuers: [{issuer: mdm, jwks: 'https://keys.example.com/x'}]}\n", "4. ", "Sources are: mdm, your devices themselves."),
        ("", "2.3 ", "without TLS"),
        ("witness: {file: w}\n", "2.3 ", "outside the database"),
        ("company: {name: Acme, help: desk}\n", "4. ", "Ask: desk."),
        ("", "3.3 ", "Looked for, but on no list: Chess."),
    ],
)  # fmt: skip
def test_rules_and_measures_are_told_as_they_are_set(
    tmp_path: Path, settings: str, title: str, words: str
) -> None:
    assert words in part(report(bundle_of(tmp_path, settings)), title)


def test_an_app_that_answers_for_phones_is_a_source(tmp_path: Path) -> None:
    Maker.of(NOW).root.write(tmp_path, "maker")
    settings = (
        "attestation: {hardware: {android_key: {roots: maker.pem}}}\n"
        f"reporter: {{max_age: 2h, android: {{package: a.b, signers: [{SIGNERS[0]}], unseen_profiles: accept}}}}\n"
    )
    bundle = bundle_of(tmp_path, settings)
    told, app = report(bundle), "an app on the phone that answers for listed apps alone"
    assert f"| `reporter` | {app} | when it calls | listed apps alone | 2 hours |" in part(told, "2.1 ")
    assert f"Sources are: {app}, your devices themselves." in part(told, "4. ")
    german = privacy_report(bundle, None, None, NOW, Form.MARKDOWN, GERMAN)
    assert (
        "Quellen sind: eine App auf dem Smartphone, die nur zu gelisteten Apps Auskunft gibt, Ihre Geräte selbst."
        in german
    )


def test_rules_that_refuse_nobody_today_are_told_apart(tmp_path: Path) -> None:
    rules = [
        {"id": "now", "title": "Now", "when": "true", "effect": "block"},
        {"id": "later", "when": "true", "effect": "block", "stages": {"enforce": "2099-01-01"}},
        {"id": "fine", "when": "true", "effect": "allow"},
    ]
    said = part(report(bundle_of(tmp_path, policy=json.dumps({"rules": rules}))), "4. ")
    today, later = said.split("These rules refuse nobody today")
    assert "- Now\n" in today
    assert "- `later`\n" in later
    assert "fine" not in said


def test_a_changed_list_is_an_annex_with_both_digests_and_without_test_cases(tmp_path: Path) -> None:
    before = version(1, bundle_of(tmp_path))
    bundle = bundle_of(tmp_path, apps=APPS.replace("[tiktok]", "[tiktok, chess]"))
    after = version(2, bundle)
    told = part(report(bundle, _difference(before, after)), "Annex: changes from version 1 to version 2")
    assert "| list prohibited | Has Chess (`chess`) now. |" in told
    assert before.digest in told
    assert after.digest in told
    same = report(bundle, _difference(before, replace(after, texts=before.texts)))
    assert "Nothing differs" in same


def test_the_table_of_accessibility_is_what_axe_looks_for() -> None:
    source = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    found = re.findall(r'\{id:"[\w-]+",((?:(?!\{id:").)*?)tags:\[([^\]]*)\]', source, re.DOTALL)
    looked_for = {
        ".".join((tag[0], tag[1], tag[2:]))
        for told, tags in found
        if "enabled:!1" not in told and "experimental" not in tags and re.search(r'"wcag\d+aa?"', tags)
        for tag in re.findall(r'"wcag(\d{3,4})"', tags)
    }
    criteria = {*CHECKED, REFLOW, *NOT_CHECKED}
    assert set(CHECKED) == looked_for & criteria
    assert len(criteria) == len(CHECKED) + 1 + len(NOT_CHECKED) == 55  # WCAG 2.2: 31 of level A, 24 of AA
