"""By what another proxy finds a yes again: it says so with its question, and a yes is kept only where that is enough.

The law. ``Mailgate-Verdict-Key`` lists what the asking proxy's key holds. A yes may be kept where everything that an answer can rest
on, by the policy in force, stands in that list. So two requests that have the same key have the same answer, whatever the
list leaves out. A word that is not known here holds nothing; without the field nothing is kept.

- A field of the request, by its name in lower case: the key holds its values, joined as in RFC 9110, section 5.3, or the question never has
  another value. An empty one is like none (``original.py``).
- ``method``, ``scheme``, ``host``, ``address``, ``target``: what the question tells of the original request.
- ``certificate``: which client certificate came, if any.
- ``own-cookies``: the whole ``Cookie`` where ``mailgate-`` stands anywhere in it, in any case.
- ``TARGETS``: the whole target where it is not plain. A plain one (``PLAIN``) names no protocol, no way and no address of the gate, so that
  nothing is read of it but what a rule reads. The word has a digest of the pattern: who goes by another one says another word.
"""

import re
from functools import lru_cache
from hashlib import sha256

from mailgate.classify import READ
from mailgate.classify.activesync import VERSION_HEADER
from mailgate.classify.protocol import SEGMENTS
from mailgate.gateway.http1.fields import Fields
from mailgate.gateway.http1.trusted_headers import forgeable

FIELD = b"mailgate-verdict-key"
_ELSEWHERE = "|".join(map(re.escape, sorted((".mailgate", "autodiscover", *SEGMENTS))))
PLAIN = rf"^(/(?!({_ELSEWHERE})([/?]|$))([a-z0-9._~+,=:@-]|%40)*)+(\?[^\x00-\x20#\x7f-\xff]*)?$"
"""Without case. The same to Python and to PCRE. What is escaped in a path may be anything, so but for ``@`` it is not plain."""
TARGETS = f"special-targets:{sha256(PLAIN.encode()).hexdigest()[:8]}"
FIELDS = frozenset(
    {
        *(name for name in READ if not forgeable(name.encode())),
        *(
            "authorization",
            "device-attestation",
            "dpop",
            VERSION_HEADER,
            "sec-fetch-dest",
            "x-forwarded-user",
        ),
        # by these a request for the way is known (``classify/discovery.py``)
        *("upgrade", "http2-settings", "content-length", "transfer-encoding"),
    }
)
"""Fields on which a yes can rest, whatever the rules; of ``Cookie`` only what is the gate's own."""
ALWAYS = FIELDS | {"method", "scheme", "host", "certificate", "own-cookies", TARGETS}
READ_BY_RULES = {"request.remote": "address", "request.path": "target"}
"""Variables that have a word of their own, which is needed where a rule reads them."""
_MORE = {"target": TARGETS, "cookie": "own-cookies"}
"""Words that hold what another means, and more."""


def suffices(fields: Fields, reads: frozenset[str]) -> bool:
    """Whether the key that comes with this question holds all that an answer can rest on, by rules that read these variables."""
    told = fields.first.get(FIELD)
    return told is not None and FIELD not in fields.repeated and _suffices(told, reads)


@lru_cache(64)
def _suffices(told: bytes, reads: frozenset[str]) -> bool:
    words = set(told.decode("latin-1").replace(",", " ").split())
    words |= {held for word, held in _MORE.items() if word in words}
    return words >= ALWAYS and all(word in words for name, word in READ_BY_RULES.items() if name in reads)
