"""The digest of texts."""

from mailgate.policy.version_digest import digest_of_texts


def test_it_is_of_every_name_and_letter_and_of_no_order() -> None:
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
