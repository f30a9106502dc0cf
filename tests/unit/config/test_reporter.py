"""The settings of reporters on phones."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from tests.pki import root
from tests.unit.config.minimal import MINIMAL
from tests.vectors.build_certificate_vectors import play_keys

from mailgate.attest.android_key import KNOWN_SCHEMAS, AndroidApp
from mailgate.attest.app_attest import AppleApp
from mailgate.attest.play_integrity import read_keys
from mailgate.attest.report import Reporters
from mailgate.config import Settings, load_settings
from mailgate.errors import ConfigError

DIGEST = "ab" * 32
HARDWARE = "attestation: {hardware: {android_key: {roots: maker.pem}, app_attest: {roots: maker.pem}}}\n"
ANDROID = f"package: com.example.reporter, signers: ['{DIGEST}'], unseen_profiles: partial"
KEYS = {name: str(value) for name, value in play_keys().items()}
NOTHING: Mapping[str, str] = MappingProxyType({})
IOS = "app: ABCDE12345.com.example.reporter"


@pytest.fixture
def loaded(tmp_path: Path):
    root("Maker").write(tmp_path, "maker")

    def load(text: str, hardware: str = HARDWARE, environ: Mapping[str, str] = NOTHING) -> Settings:
        (tmp_path / "mailgate.yaml").write_text(MINIMAL + hardware + text)
        return load_settings(tmp_path / "mailgate.yaml", environ)

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


PLAY = "play_integrity: {decryption_key: {env: OPENS}, verification_key: {file: signs}"


@pytest.mark.parametrize(
    ("more", "device", "protect"),
    [
        ("", "MEETS_DEVICE_INTEGRITY", ()),
        (", device: device, play_protect: [no-issues, possible-risk]", "MEETS_DEVICE_INTEGRITY", ("NO_ISSUES", "POSSIBLE_RISK")),
        (", device: strong", "MEETS_STRONG_INTEGRITY", ()),
    ],
)  # fmt: skip
def test_play_is_asked_with_the_keys_of_the_company(
    loaded, tmp_path: Path, more: str, device: str, protect: tuple[str, ...]
) -> None:
    (tmp_path / "signs").write_text(f"{KEYS['verification']}\n")
    text = f"reporter: {{android: {{{ANDROID}, {PLAY}{more}}}}}}}"
    settings = loaded(text, environ={"OPENS": KEYS["decryption"]})
    asked = settings.reporter.expected().apps["android-key"].integrity
    assert (asked.device, asked.play_protect) == (device, protect)
    assert asked.decryption_key.raw_value == b64decode(KEYS["decryption"])
    assert asked.verification_key.thumbprint() == read_keys(**KEYS)[1].thumbprint()
    assert KEYS["decryption"] not in repr(settings) + settings.model_dump_json()


def test_keys_that_open_nothing_are_a_mistake_and_are_not_repeated(loaded, tmp_path: Path) -> None:
    text = f"reporter: {{android: {{{ANDROID}, {PLAY}}}}}}}"
    for opens, signs in ((KEYS["decryption"], "c2VjcmV0"), ("c2VjcmV0", KEYS["verification"])):
        (tmp_path / "signs").write_text(signs)
        with pytest.raises(ConfigError, match="no keys of Play Integrity; use base64 of 32 bytes") as caught:
            loaded(text, environ={"OPENS": opens})
        assert "c2VjcmV0" not in str(caught.value)


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
        (f"reporter: {{android: {{{ANDROID}, {PLAY}, device: basic}}}}}}", HARDWARE, "device"),
        (f"reporter: {{android: {{{ANDROID}, play_integrity: {{decryption_key: c2VjcmV0}}}}}}", HARDWARE, "not a reference"),
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
