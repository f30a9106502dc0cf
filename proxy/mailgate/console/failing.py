"""What goes wrong on the way to a page, said once and in words."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from mailgate.console.proxy_login import NotBelievedError
from mailgate.console.render import page
from mailgate.rollout.acts import RefusedError
from mailgate.store import StoreError
from mailgate.telling.versions import NoVersionError

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORDS = {
    404: "There is nothing here. What the address names may have been deleted, or is written differently.",
    405: "This address takes no such request.",
    413: "That is more than this form takes.",
}


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with a page whatever was raised; nothing of it is shown that was not meant to be read."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return page("refused.html", error.status, why=WORDS.get(error.status, error.reason))
    except NotBelievedError as error:
        log.warning("console-login-refused", way="proxy", why=error.why)
        return page("refused.html", 403, why=str(error))
    except (RefusedError, NoVersionError) as error:
        return page("refused.html", 409 if isinstance(error, RefusedError) else 404, why=f"{error}.")
    except StoreError as error:
        log.warning("console-store", error=type(error).__name__)
        why = "The store does not answer. The gate goes on with what it knows; try again in a moment."
        return page("refused.html", 503, why=why)
    except Exception as error:  # noqa: BLE001 - the text of an error may quote what nobody should read
        log.error("console-failed", page=request.match_info.route.name, error=type(error).__name__)
        why = "Something went wrong here, and nothing is known of it but its kind, which stands in the log."
        return page("refused.html", 500, why=why)
