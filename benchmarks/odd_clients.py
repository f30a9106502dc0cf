"""Measures the classification of the oddest requests: ``python -m benchmarks.odd_clients`` prints the most expensive of
each form.

Each form is a text of the greatest accepted length that repeats what could make a pattern backtrack. A variant of each
that was never seen is timed, the minimum of many times, since other work of the machine is no cost of the text.
"""

import time
from collections.abc import Iterator

from mailgate.classify import classify, warm
from mailgate.model import RequestFacts

LONGEST = 16 * 1024
TIMES = 40
REPEATED = (
    *("/", ";", "(", ")", "1", ".", " ", "-", "%41", "\x00", "\xff", "a/1 ", "(;", "; ", "1.1", "9_9 "),
    *(
        "Mozilla/5.0 (",
        "Android ",
        "Windows NT ",
        "Linux; U; ",
        "bot ",
        "Mobile Safari/1.1 ",
        "TV; ",
        "; en-us",
    ),
    *(
        "AppleWebKit/537.36 (KHTML, like Gecko) ",
        "Version/1.1 Chrome/1.1.1.1 ",
        "Opera/9.80 (X11; Linux ",
        "KHTML ",
    ),
    *(
        "Build/ ",
        "compatible; ",
        "https://a.b/ ",
        "320x240 ",
        "Tablet PC ",
        "Darwin/1 (",
        "SM-T SM-T1 ",
        "X11; Linux arm",
    ),
)
"""The repeated parts of user agents."""


def odd_requests(number: int) -> Iterator[tuple[str, RequestFacts]]:
    """The name of each form and a request of it that no other number has."""
    for text in REPEATED:
        yield f"agent of {text!r}", of(**{"user-agent": (f"{number} " + text * LONGEST)[:LONGEST]})
        yield (
            f"words of {text!r}",
            of(**{"user-agent": "".join(f"{text}{number}{n}" for n in range(900))[:4000]}),
        )
    brands = ", ".join(f'"Brand {number} {n}";v="{n}"' for n in range(400))
    yield "brands", of(**{"sec-ch-ua": brands, "sec-ch-ua-full-version-list": brands})
    for name in ("form-factors", "platform", "model", "mobile", "platform-version"):
        for text in ('"a", ', "?1;a=", '"\\"', ";a;b;c"):
            yield f"{name} of {text!r}", of(**{f"sec-ch-ua-{name}": f"{number}{text * 4000}"[:LONGEST]})
    for text in ("A" * 8, "%41", "=", "DeviceId=a&", "DeviceType=x&", "&", "/+"):
        yield f"query of {text!r}", of(f"/Microsoft-Server-ActiveSync?{number}{text * 4000}"[:8192])
    for text in ("%2f", "/dav", "%25", "\\", ";a", "/ews;"):
        yield f"path of {text!r}", of(f"/{number}{text * 4000}"[:8192])
    for text in ('"name" "a" ', '"\\"', "NIL ", '"', "(("):
        sent = f"({number} {text * 4000}"[:LONGEST]
        yield f"IMAP ID of {text!r}", RequestFacts(scheme="imap", headers={"imap-id": sent})


def of(target: str = "/", **headers: str) -> RequestFacts:
    return RequestFacts(target=target, headers=headers)


def costs() -> dict[str, float]:
    """The microseconds of each form: the minimum of some times, each with a text of its own."""
    warm()
    least: dict[str, float] = {}
    for number in range(TIMES):
        for name, facts in odd_requests(number):
            started = time.thread_time()
            classify(facts)
            least[name] = min(least.get(name, 1e9), (time.thread_time() - started) * 1e6)
    return least


def worst_us() -> float:
    """The time of the most expensive form."""
    return max(costs().values())


def main() -> None:
    for name, cost in sorted(costs().items(), key=lambda pair: -pair[1])[:20]:
        print(f"{cost:8.1f} µs  {name}")


if __name__ == "__main__":
    main()
