from pathlib import Path

import pytest

from mailgate.config.files import FilesReading
from mailgate.config.rules import read_catalog

APPS = "apps:\n  tiktok: {name: TikTok, android: [com.a]}\n  wechat: {name: WeChat}\n"


def read(folder: Path, text: str, **lists: str):
    for name, content in lists.items():
        (folder / f"{name}.yaml").write_text(content)
    (folder / "apps.yaml").write_text(text)
    reading = FilesReading()
    catalog = read_catalog(folder / "apps.yaml", reading)
    return catalog, [str(mistake).removeprefix(f"{folder}/") for mistake in reading.mistakes]


def test_lists_stand_here_or_in_files(tmp_path: Path) -> None:
    text = APPS + "lists: {prohibited: [tiktok], theirs: {file: theirs.yaml}, none: []}\n"
    catalog, mistakes = read(tmp_path, text, theirs="{title: T, sources: [s], apps: [wechat, tiktok]}")
    assert mistakes == []
    assert catalog.lists == {"prohibited": ("tiktok",), "theirs": ("wechat", "tiktok"), "none": ()}
    assert catalog.lists_of(["wechat"]) == ("theirs",)


@pytest.mark.parametrize(
    ("text", "theirs", "mistake"),
    [
        (APPS + "lists: {a: [tiktok, wechatt]}", "", "apps.yaml:4:21: no app is called `wechatt`"),
        (APPS + "lists: {a: {file: theirs.yaml}}", "{title: T, sources: [s], apps: [x]}", "theirs.yaml:1:33: no app is called `x`"),
        (APPS + "lists: {a: {file: theirs.yaml}}", "{title: T, apps: [tiktok]}", "theirs.yaml:1:1: the key `sources` is missing"),
        (APPS + "lists: {a: {file: gone.yaml}}", "", "gone.yaml:1:1: cannot be read"),
        (APPS + "lists: {a: {fil: theirs.yaml}}", "", "apps.yaml:4:13: the key `fil` is not known; did you mean `file`?"),
        (APPS + "lists: {A: [tiktok]}", "", "apps.yaml:4:9: `A` has the wrong form; use kebab-case"),
        (APPS + "  other: {name: tiktok}", "", "apps.yaml:4:3: `other` and `tiktok` share the name identifier `tiktok`"),
        (APPS + "  other: {name: Other, android: [COM.A]}", "", "apps.yaml:4:3: `other` and `tiktok` share the android"),
        (APPS + "  other: {name: Other, ios: ['a b']}", "", "apps.yaml:4:30: `a b` has the wrong form; use letters"),
        ("apps: {}", "", "apps.yaml:1:7: it is empty; add at least one"),
        ("[]", "", "apps.yaml:1:1: a list is given here; use keys with"),
    ],
)  # fmt: skip
def test_mistakes_have_their_place(text: str, theirs: str, mistake: str, tmp_path: Path) -> None:
    catalog, mistakes = read(tmp_path, text, theirs=theirs)
    assert catalog is None
    assert any(each.startswith(mistake) for each in mistakes), mistakes


def test_the_same_identifier_on_two_systems_is_one_app_each(tmp_path: Path) -> None:
    catalog, mistakes = read(tmp_path, APPS + "  other: {name: Other, ios: [com.a]}")
    assert (mistakes, catalog.match("ios", "com.a"), catalog.match("android", "com.a")) == (
        [],
        "other",
        "tiktok",
    )
