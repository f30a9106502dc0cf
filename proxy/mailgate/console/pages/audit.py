"""*Audit*: who changed what."""

from aiohttp import web

from mailgate.console.desk import desk_of
from mailgate.console.view import show

SIZE = 100


async def entries(request: web.Request) -> web.Response:
    audit = desk_of(request).store.audit
    head = await audit.head()
    last = head.number if head else 0
    until = min(int(request.query["until"]), last) if request.query.get("until", "").isdecimal() else last
    found = await audit.page(max(0, until - SIZE), SIZE)
    return show(request, "audit.html", found=found[::-1], earlier=until - SIZE if until > SIZE else 0)


ROUTES = [web.get("/audit", entries, name="audit")]
