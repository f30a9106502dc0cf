"""The digest of texts."""

from mailgate.policy.version_digest import digest_of_texts


def test_the_digest_covers_names_and_letters_and_no_order() -> None:
    texts = {"policy.yaml": "rules: []\n", "apps.yaml": "apps: {}\n"}
    digest = digest_of_texts(texts)
    assert digest == digest_of_texts(dict(reversed(texts.items())))
    for other in (
        texts | {"policy.yaml": "rules: [] # a comment\n"},
        texts | {"groups.yaml": ""},
        {"policy.yaml": texts["policy.yaml"]},
        {"policy.yml": texts["policy.yaml"], "apps.yaml": texts["apps.yaml"]},
    ):
        assert digest_of_texts(other) != digest


def test_the_digest_is_the_same_in_every_release() -> None:
    digest = "b0eef5224b74ffb691f5ad79dd57d22211e8b3be660246856b9a38fcdf8ace0c"
    assert digest_of_texts({"b": "é", "a": ""}) == digest
