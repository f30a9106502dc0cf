"""The settings of reporters on phones."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.pki import root
from tests.unit.config.minimal import MINIMAL

from mailgate.attest.android_app import KNOWN_SCHEMAS, AndroidApp
from mailgate.attest.answers import Reporters
from mailgate.attest.app_attest import AppleApp
from mailgate.config import Settings, load_settings
from mailgate.errors import ConfigError

DIGEST = "ab" * 32
HARDWARE = "attestation: {hardware: {android_key: {roots: maker.pem}, app_attest: {roots: maker.pem}}}\n"
ANDROID = f"package: com.example.reporter, signers: ['{DIGEST}'], unseen_profiles: partial"
IOS = "app: ABCDE12345.com.example.reporter"


@pytest.fixture
def loaded(tmp_path: Path):
    root("Maker").write(tmp_path, "maker")

    def load(text: str, hardware: str = HARDWARE) -> Settings:
        (tmp_path / "mailgate.yaml").write_text(MINIMAL + hardware + text)
        return load_settings(tmp_path / "mailgate.yaml", {})

    return load


def test_no_app_is_believed_unless_said(loaded) -> None:
    assert loaded("", "").reporter.expected() == Reporters()


def test_the_apps_are_read_with_their_terms(loaded) -> None:
    text = f"{ANDROID}, min_version: 7, schemas: [600], patched_within: 180d"
    settings = loaded(
        f"reporter: {{android: {{{text}}}, ios: {{{IOS}, distributed: [enterprise, testflight]}}}}"
    )
    android = AndroidApp(
        "com.example.reporter", frozenset({DIGEST}), 7, KNOWN_SCHEMAS | {600}, timedelta(days=180)
    )
    ios = AppleApp("ABCDE12345.com.example.reporter", categories=frozenset({5, 2}))
    assert settings.reporter.expected() == Reporters({"android-key": android, "apple-appattest": ios})
    assert set(settings.attestation.hardware.trusted_roots()) == {"android-key", "apple-appattest"}


@pytest.mark.parametrize("word", ["partial", "accept"])
def test_the_company_says_what_unseen_profiles_are_worth(loaded, word: str) -> None:
    settings = loaded(f"reporter: {{android: {{{ANDROID.replace('partial', word)}}}}}")
    assert settings.reporter.expected().accepts_unseen is (word == "accept")


@pytest.mark.parametrize("digest", ["AB" * 32, ":".join(["ab"] * 32), ":".join(["AB"] * 32)])
def test_a_digest_may_be_written_as_tools_print_it(loaded, digest: str) -> None:
    settings = loaded(f"reporter: {{android: {{{ANDROID.replace(DIGEST, digest)}}}}}")
    assert settings.reporter.android.signers == (DIGEST,)


def test_the_answers_may_be_believed_for_a_time_of_their_own(loaded) -> None:
    settings = loaded(
        f"posture: {{precedence: [reporter]}}\nreporter: {{max_age: 2h, android: {{{ANDROID}}}}}"
    )
    terms = settings.posture_terms({})
    assert (terms.age_of("reporter"), terms.age_of("mdm")) == (timedelta(hours=2), timedelta(hours=24))
    assert terms.precedence == ("reporter",)


def test_answers_do_not_outlive_the_setting_by_which_they_were_taken(loaded) -> None:
    """Who turns the reporter off, because it can no longer be believed, must not make its answers last longer."""
    assert loaded("").posture_terms({}).age_of("reporter") == timedelta()
    assert loaded(f"reporter: {{android: {{{ANDROID}}}}}").posture_terms({}).age_of("reporter") == timedelta(
        hours=24
    )


@pytest.mark.parametrize(
    ("text", "hardware", "mistake"),
    [
        (f"reporter: {{android: {{{ANDROID}}}}}", "", "attestation.hardware.android_key"),
        (f"reporter: {{ios: {{{IOS}}}}}", "", "attestation.hardware.app_attest"),
        (f"reporter: {{android: {{{ANDROID}}}}}", HARDWARE.replace("{hardware", "{nonces: off, hardware"), "made for a nonce"),
        (f"reporter: {{ios: {{{IOS}}}}}", HARDWARE.replace("{hardware", "{nonces: off, hardware"), "made for a nonce"),
        (f"reporter: {{android: {{{ANDROID.replace(', unseen_profiles: partial', '')}}}}}", HARDWARE, "unseen_profiles"),
        (f"reporter: {{android: {{{ANDROID.replace(DIGEST, 'ab')}}}}}", HARDWARE, "has the wrong form"),
        (f"reporter: {{android: {{{ANDROID.replace(DIGEST, '')}}}}}", HARDWARE, "has the wrong form"),
        ("reporter: {ios: {app: com.example.reporter}}", HARDWARE, "has the wrong form"),
        ("reporter: {max_age: 29m}", HARDWARE, "`29m` is out of range"),
        ("posture: {precedence: [reporter]}", HARDWARE, "reporter"),
        ("connectors: {reporter: {type: file, path: x.csv}}", HARDWARE, "the reporter on phones"),
    ],
)  # fmt: skip
def test_settings_that_nobody_could_check_are_mistakes(
    loaded, text: str, hardware: str, mistake: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(text, hardware)
    assert mistake in str(caught.value)
