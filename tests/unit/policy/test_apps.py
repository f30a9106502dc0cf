from dataclasses import replace

import pytest

from mailgate.policy.apps import AppCatalog, ListedApp

CATALOG = AppCatalog(
    {
        "tiktok": ListedApp(
            "tiktok",
            "TikTok",
            android=("com.zhiliaoapp.musically", "com.ss.android.ugc.trill"),
            ios=("com.ss.iphone.ugc.Ame",),
            names=("Tik Tok",),
        ),
        "wechat": ListedApp("wechat", "WeChat", ios=("com.tencent.xin",)),
        "other": ListedApp("other", "Other", android=("com.tencent.xin",)),
    },
    {"prohibited": ("tiktok",), "tencent": ("wechat",), "all": ("wechat", "tiktok")},
)


@pytest.mark.parametrize(
    ("os", "identifier", "key"),
    [
        ("android", "com.ss.android.ugc.trill", "tiktok"),
        ("android", "COM.SS.Android.ugc.Trill", "tiktok"),
        ("android", " com.ss.android.ugc.trill\n", "tiktok"),
        ("ios", "com.ss.android.ugc.trill", "tiktok"),
        ("ios", "com.tencent.xin", "wechat"),
        ("ipados", "com.tencent.xin", "wechat"),
        ("android", "com.tencent.xin", "other"),
        ("", "com.ss.iphone.ugc.Ame", "tiktok"),
        ("ios", "tiktok", "tiktok"),
        ("ios", "TIKTOK", "tiktok"),
        ("ios", "tik tok", "tiktok"),
        ("android", "com.ss.android.ugc.trill.beta", None),
        ("android", "com.ss.android.ugc", None),
        ("android", "TikTok Viewer", None),
        ("android", "", None),
    ],
)
def test_match_is_exact_and_without_regard_to_case(os: str, identifier: str, key: str | None) -> None:
    assert CATALOG.match(os, identifier) == key


def test_lists_of_apps_are_sorted_and_once() -> None:
    assert CATALOG.lists_of(["tiktok", "wechat", "gone"]) == ("all", "prohibited", "tencent")
    assert CATALOG.lists_of([]) == ()


def test_an_app_that_is_not_listed_any_more_shows_its_key() -> None:
    assert (CATALOG.name_of("tiktok"), CATALOG.name_of("gone")) == ("TikTok", "gone")


INSTALLED = AppCatalog(
    {
        "tiktok": ListedApp(
            "tiktok", "TikTok", "ByteDance", android=("com.zhiliaoapp.musically",), names=("抖音",)
        ),
        "moomoo": ListedApp("moomoo", "Moomoo", publishers=("Moomoo Technologies Inc.",)),
    }
)


@pytest.mark.parametrize(
    ("os", "app", "key"),
    [
        ("android", ("com.zhiliaoapp.musically", "whatever"), "tiktok"),
        ("ios", ("com.zhiliaoapp.musically", ""), "tiktok"),
        ("android", ("com.example.clock", "TikTok"), None),  # its identifier is known, and is another
        ("ios", ("com.example.clock", "TikTok"), "tiktok"),  # none is known for this system
        ("android", ("", "TikTok"), "tiktok"),
        ("android", ("", "  \u200etik tok "), None),
        ("android", ("", "\u200e\uff34ik\uff34ok "), "tiktok"),
        ("android", ("", "抖音"), "tiktok"),
        ("ios", ("", "TikTok", "Whoever Ltd."), "tiktok"),  # nothing is said of its publishers
        ("ios", ("", "moomoo", "MOOMOO  Technologies Inc."), "moomoo"),
        ("ios", ("", "Moomoo", ""), "moomoo"),
        ("ios", ("", "Moomoo", "A farm for children"), None),
        ("ios", ("", ""), None),
        ("ios", ("", "\u200e"), None),
    ],
)
def test_an_installed_app_is_told_by_identifier_else_by_name_and_publisher(os, app, key):
    assert INSTALLED.match_installed(os, *app) == key


def test_the_fingerprint_is_another_one_where_another_app_may_be_meant():
    app = ListedApp("a", "A", ios=("com.a",), publishers=("P",))
    first = AppCatalog({"a": app}, {"prohibited": ("a",)}).fingerprint
    assert AppCatalog({"a": app}).fingerprint == first, "lists are looked up when it is decided"
    for other in (replace(app, ios=("com.b",)), replace(app, names=("B",)), replace(app, publishers=())):
        assert AppCatalog({"a": other}).fingerprint != first
    assert AppCatalog({"a": app, "b": ListedApp("b", "B")}).fingerprint != first


def test_a_browser_extension_is_found_by_its_id_on_every_system():
    ids = ("abcdefghijklmnopabcdefghijklmnop", "{0d6f2a0e-57b1-4c0d-9d1b-3f5f2c1f6a77}", "shop@example.com")
    catalog = AppCatalog(
        {"b": ListedApp("b", "B", extensions=ids[:1]), "a": ListedApp("a", "A", extensions=ids[1:])}
    )
    assert [catalog.match(os, each) for os in ("windows", "android") for each in ids] == ["b", "a", "a"] * 2
    assert catalog.extensions == tuple(sorted(ids))


def test_an_app_is_known_by_its_key_its_name_and_every_other_name() -> None:
    app = ListedApp(
        "x", "Twitter", android=("com.x",), ios=("com.x.ios",), names=("Tweets",), extensions=("abc",)
    )
    assert app.identifiers() == {
        ("android", "com.x"),
        ("ios", "com.x.ios"),
        ("extension", "abc"),
        ("name", "x"),
        ("name", "twitter"),
        ("name", "tweets"),
    }
