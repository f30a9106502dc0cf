import json

import pytest
from tests.unit.connectors.around import Scripted, runtime

from mailgate.connectors import SourceError, Trouble
from mailgate.connectors.http import Client
from mailgate.connectors.logins import HeaderLogin
from mailgate.connectors.paging import pages_by_link, pages_by_number, pages_by_token
from mailgate.connectors.wire import ApiResponse

BASE = "https://api.example.com"


def asking(*bodies):
    return answering(*(ApiResponse(200, {}, json.dumps(body).encode()) for body in bodies))


def answering(*answers):
    wire = Scripted(*answers)
    return Client(BASE, HeaderLogin({}), wire, runtime(), 10**6), wire


async def ids(pages):
    return [each["id"] async for page in pages for each in page]


def page(*numbers, **more):
    return {"value": [{"id": number} for number in numbers], **more}


async def test_linked_pages_are_followed_as_they_are_named():
    client, wire = asking(page(1, 2, **{"@odata.nextLink": f"{BASE}/x?$skiptoken=%20a"}), page(3))
    assert await ids(pages_by_link(client, "/x", [("$top", 2)])) == [1, 2, 3]
    assert [question.url for question in wire.questions] == [
        f"{BASE}/x?%24top=2",
        f"{BASE}/x?$skiptoken=%20a",
    ]


async def test_a_next_link_to_another_host_ends_the_list():
    client, wire = asking(page(1, **{"@odata.nextLink": "https://evil.example.com/x"}))
    with pytest.raises(SourceError) as caught:
        await ids(pages_by_link(client, "/x"))
    assert (caught.value.trouble, len(wire.questions)) == (Trouble.ELSEWHERE, 1)


async def test_linked_pages_in_circles_end():
    link = {"@odata.nextLink": f"{BASE}/x?a"}
    client, _ = asking(page(1, **link), page(1, **link), page(1, **link))
    with pytest.raises(SourceError) as caught:
        await ids(pages_by_link(client, "/x"))
    assert caught.value.trouble is Trouble.SHAPE


@pytest.mark.parametrize("body", [[], {}, {"value": 1}, {"value": [1]}, {"value": None}])
async def test_a_page_without_a_list_is_no_empty_list(body):
    client, _ = asking(body)
    with pytest.raises(SourceError) as caught:
        await ids(pages_by_link(client, "/x"))
    assert caught.value.trouble is Trouble.SHAPE


def results(total, *numbers):
    return {"totalCount": total, "results": [{"id": number} for number in numbers]}


async def test_numbered_pages_until_everything_came():
    client, wire = asking(results(3, 1, 2), results(3, 3))
    assert await ids(pages_by_number(client, "/x", [], 2)) == [1, 2, 3]
    assert wire.questions[1].url == f"{BASE}/x?page=1&page-size=2"
    assert client.tally.total == 3


async def test_a_list_that_grows_meanwhile_is_read_to_its_end():
    client, _ = asking(results(3, 1, 2), results(5, 3, 4), results(5, 5))
    assert await ids(pages_by_number(client, "/x", [], 2)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "pages",
    [
        [results(4, 1, 2), results(3, 4)],  # 1 went, and 3 moved to the page that was read already
        [results(4, 1, 2), results(4)],
    ],
)
async def test_a_list_that_shrinks_meanwhile_may_be_cut_short(pages):
    client, _ = asking(*pages)
    with pytest.raises(SourceError) as caught:
        await ids(pages_by_number(client, "/x", [], 2))
    assert caught.value.trouble is Trouble.CUT


async def test_an_empty_list_is_one():
    client, _ = asking(results(0))
    assert await ids(pages_by_number(client, "/x", [], 2)) == []


async def test_a_page_without_a_total_is_an_unexpected_shape():
    client, _ = asking({"results": []})
    with pytest.raises(SourceError) as caught:
        await ids(pages_by_number(client, "/x", [], 2))
    assert caught.value.trouble is Trouble.SHAPE


async def test_tokened_pages_keep_the_query():
    client, wire = asking({"items": [{"id": 1}], "nextPageToken": "t&1"}, {"items": [{"id": 2}]})
    assert await ids(pages_by_token(client, "/x", [("projection", "FULL")], items="items")) == [1, 2]
    assert wire.questions[1].url == f"{BASE}/x?projection=FULL&pageToken=t%261"


async def test_google_leaves_an_empty_list_out():
    client, _ = asking({"kind": "admin#directory#mobiledevices"})
    assert await ids(pages_by_token(client, "/x", items="mobiledevices")) == []


async def test_tokened_pages_in_circles_end():
    client, _ = asking(*[{"items": [], "nextPageToken": "a"}] * 3)
    with pytest.raises(SourceError) as caught:
        await ids(pages_by_token(client, "/x", items="items"))
    assert caught.value.trouble is Trouble.SHAPE


async def test_numbered_pages_in_the_words_of_another_api():
    bodies = ({"Total": 2, "Devices": [{"id": 1}]}, {"Total": 2, "Devices": [{"id": 2}]})
    client, wire = asking(*bodies)
    found = pages_by_number(
        client,
        "/x",
        [],
        1,
        items="Devices",
        total="Total",
        sized="pagesize",
        headers={"A": "b"},
        counted=False,
    )
    assert await ids(found) == [1, 2]
    assert [(question.url, question.headers) for question in wire.questions] == [
        (f"{BASE}/x?page={page}&pagesize=1", {"A": "b"}) for page in (0, 1)
    ]
    assert client.tally.total is None


async def test_no_content_is_an_empty_page_unless_there_was_more():
    nothing, _ = answering(ApiResponse(204))
    assert await ids(pages_by_number(nothing, "/x", [], 2)) == []
    cut, _ = answering(ApiResponse(200, {}, json.dumps(results(3, 1, 2)).encode()), ApiResponse(204))
    with pytest.raises(SourceError) as caught:
        await ids(pages_by_number(cut, "/x", [], 2))
    assert caught.value.trouble is Trouble.CUT
