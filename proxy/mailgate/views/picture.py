"""A plan as one picture: who moves from which effect to which. SVG for light and dark, readable without seeing it."""

from collections.abc import Mapping
from html import escape

from mailgate.rollout.plan import Move, Plan
from mailgate.views.plans import IS, devices_in, people_in

EFFECTS = ("allow", "warn", "challenge", "block", "unknown")
"""From top to bottom: the mildest first."""
WORDS = IS | {"unknown": "cannot be told"}

WIDTH, TOP, ROOM, GAP = 860, 130, 300, 34
LEFT, RIGHT, BAR = 210, 636, 14
LEAST = 4.0
"""Pixels of the thinnest ribbon: one device among a million still shows."""

_STYLE = """
.paper{fill:#fff}.ink{fill:#1c2430}.soft{fill:#56606e}
.allow{fill:#1f7a4d}.warn{fill:#a15c00}.challenge{fill:#7a4bb5}.block{fill:#b3261e}.unknown{fill:#5b6472}
.ribbon{opacity:.45}
text{font-family:system-ui,sans-serif;font-size:15px}.title{font-size:20px;font-weight:600}.head{font-weight:600}
@media (prefers-color-scheme:dark){.paper{fill:#14181f}.ink{fill:#eef1f5}.soft{fill:#a9b3c0}
.allow{fill:#54c08a}.warn{fill:#f0a94a}.challenge{fill:#b795ea}.block{fill:#f2827a}.unknown{fill:#9aa4b2}}
"""


def picture(plan: Plan) -> str:
    """The picture of a plan, as SVG text."""
    moves = {(each.before, each.to): each for each in plan.moves if _shown(each)}
    bars = max(len({move[side] for move in moves}) for side in (0, 1)) if moves else 0
    height = TOP + ROOM + GAP * bars + 40 if moves else TOP - 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(_title(plan))}</title>',
        f'<desc id="desc">{escape(described(plan))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        _text(30, 42, _title(plan), "title ink"),
        _text(30, 68, _same(plan), "soft"),
    ]
    if moves:
        parts += [
            _text(LEFT + BAR, 104, "today", "head ink", "end"),
            _text(RIGHT, 104, "with the plan", "head ink"),
        ]
        parts += _flow(moves)
        parts.append(_text(30, height - 24, "Devices; heights show shares of those that change.", "soft"))
    return "\n".join([*parts, "</svg>\n"])


def described(plan: Plan) -> str:
    """The picture in words."""
    told = [
        f"{devices_in(each)} of {people_in(each)}: {WORDS[each.before]} today, {WORDS[each.to]} with the plan."
        for each in plan.moves
        if _shown(each)
    ]
    return " ".join([*(told or ["Nobody changes."]), _same(plan)])


def _shown(move: Move) -> bool:
    return move.before != move.to


def _title(plan: Plan) -> str:
    return f"Whom policy {plan.candidate.policy} would move, against version {plan.active.number}"


def _same(plan: Plan) -> str:
    return f"No change for {devices_in(plan.untouched)} of {people_in(plan.untouched)}."


def _flow(moves: Mapping[tuple[str, str], Move]) -> list[str]:
    """Bars on both sides, and a ribbon for each move between them."""
    total = sum(each.devices for each in moves.values())
    tall = {move: max(LEAST, ROOM * each.devices / total) for move, each in moves.items()}
    parts, starts = [], []
    for side, x in ((0, LEFT), (1, RIGHT)):
        y, places = float(TOP), {}
        for effect in EFFECTS:
            mine = [move for move in sorted(moves, key=_order) if move[side] == effect]
            if not mine:
                continue
            size = sum(tall[move] for move in mine)
            count = sum(moves[move].devices for move in mine)
            parts.append(
                f'<rect class="{effect}" x="{x}" y="{y:.1f}" width="{BAR}" height="{size:.1f}" rx="2"/>'
            )
            at, anchor = (x - 12, "end") if side == 0 else (x + BAR + 12, "start")
            parts.append(_text(at, y + size / 2 + 5, f"{WORDS[effect]}: {count:,}", "ink", anchor))
            below = y
            for move in mine:
                places[move] = below
                below += tall[move]
            y += size + GAP
        starts.append(places)
    ribbons = [
        _ribbon(move, starts[0][move], starts[1][move], tall[move]) for move in sorted(moves, key=_order)
    ]
    return [*ribbons, *parts]


def _order(move: tuple[str, str]) -> tuple[int, int]:
    return EFFECTS.index(move[0]), EFFECTS.index(move[1])


def _ribbon(move: tuple[str, str], left: float, right: float, size: float) -> str:
    x, end, middle = LEFT + BAR, RIGHT, (LEFT + BAR + RIGHT) / 2
    upper = f"M{x} {left:.1f}C{middle} {left:.1f} {middle} {right:.1f} {end} {right:.1f}"
    lower = (
        f"V{right + size:.1f}C{middle} {right + size:.1f} {middle} {left + size:.1f} {x} {left + size:.1f}Z"
    )
    return f'<path class="ribbon {move[1]}" d="{upper}{lower}"/>'


def _text(x: float, y: float, words: str, style: str, anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'
