from dataclasses import replace

import pytest

from mailgate.model.apps import AppCatalog, ListedApp, plain_name

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


@pytest.mark.parametrize(("os", "order"), [("Android", "aien"), ("ios", "iaen"), ("", "iaen")])
def test_a_shared_name_means_the_own_systems_app_first(os: str, order: str) -> None:
    apps = {
        "a": ListedApp("a", "a", android=("shared",)),
        "i": ListedApp("i", "i", ios=("shared",)),
        "e": ListedApp("e", "e", extensions=("shared",)),
        "n": ListedApp("n", "n", names=("shared",)),
    }
    for number, first in enumerate(order):
        assert AppCatalog({key: apps[key] for key in order[number:]}).match(os, "shared") == first


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("", ""),
        ("TikTok", "tiktok"),
        ("  Tik \t Tok ", "tik tok"),
        ("\uff34ik\u200e\u2060tok", "tiktok"),
        ("STRASSE straße", "strasse strasse"),
        ("a\x07b", "a\x07b"),
    ],
)
def test_display_names_are_compared_without_case_width_and_what_is_invisible(name: str, plain: str) -> None:
    assert plain_name(name) == plain


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
        ("ios", (" COM.zhiliaoapp.musically", ""), "tiktok"),
        ("android", ("", "com.zhiliaoapp.musically"), None),  # a name is no identifier
        ("android", ("com.example.clock", "TikTok"), None),  # its identifier is known, and is another
        ("ios", ("com.example.clock", "TikTok"), "tiktok"),  # none is known for this system
        ("", ("com.example.clock", "TikTok"), "tiktok"),
        ("Android", (" ", "TikTok"), "tiktok"),
        ("android", ("", "TikTok"), "tiktok"),
        ("android", ("", "  \u200etik tok "), None),
        ("android", ("", "\u200e\uff34ik\uff34ok "), "tiktok"),
        ("android", ("", "抖音"), "tiktok"),
        ("ios", ("", "TikTok", "Whoever Ltd."), "tiktok"),  # nothing is said of its publishers
        ("ios", ("", "moomoo", "MOOMOO  Technologies Inc."), "moomoo"),
        ("ios", ("", "Moomoo", ""), "moomoo"),
        ("ios", ("", "Moomoo", " "), "moomoo"),
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
    two = {"a": app, "b": ListedApp("b", "B", publishers=("P", "Q"))}
    assert AppCatalog(two).fingerprint != first
    turned = {"b": replace(two["b"], publishers=("Q", "P")), "a": app}
    assert AppCatalog(turned).fingerprint == AppCatalog(two).fingerprint == "0a2afab5a4cc9040", (
        "as in every release"
    )


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


def test_a_phone_is_asked_for_the_apps_with_ids_on_its_system() -> None:
    apps = [
        ListedApp("b", "B", android=("z.b", "a.b"), ios=("i.b",)),
        ListedApp("a", "A", android=("a.a",)),
        ListedApp("c", "C", ios=("i.c",)),
        ListedApp("d", "D"),
    ]
    catalog = AppCatalog({app.key: app for app in apps})
    assert list(catalog.question("android").items()) == [("a", ("a.a",)), ("b", ("a.b", "z.b"))]
    assert catalog.question("ios") == {"b": ("i.b",), "c": ("i.c",)}
