"""The tables of a sweep, from its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.intervals import f1_interval, f1_of, poisson_upper, wilson_interval
from benchmarks.sweep_rows import Row, median
from benchmarks.tables import markdown_table

REAL_GROUPS = ("real rest", "surrogates of real rests")
REST_GROUPS = ("rest", *REAL_GROUPS)
LIMIT_SHARE = (0.80, 0.97)  # of twitches at the stated limit that must be found; issue 3
FRAME_ROOM = 1.05  # frames within which a peak counts as that of the truth; as in the rule


def page(made: dict[str, str], rows: Sequence[Row], missing: int) -> str:
    """Write a page of tables; `missing` rows are still to be made."""
    note = f"\n\n**{missing} rows are still missing: run it again to go on.**" if missing else ""
    parts = [
        f"{_head(made)}{note}",
        *(_twitch_part(group, members) for group, members in _by(rows, "group").items() if _is_counted(members)),
        _sustained_part([row for row in rows if row["group"] == "sustained"]),
        _rest_part([row for row in rows if row["group"] in REST_GROUPS]),
        _apart_part([row for row in rows if row["group"] == "artefact at rest"]),
        _named_part(rows),
        _curve_part(rows),
        _limit_part([row for row in rows if row["group"] == "limit"]),
        _problem_part(rows),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def curve_page(made: dict[str, str], rows: Sequence[Row]) -> str | None:
    """Write a page of the receiver curve alone; None where rests or twitches are lacking."""
    curve = _curve_part(rows)
    return f"{_head(made)}\n\n{curve}\n" if curve else None


def _head(made: dict[str, str]) -> str:
    return f"# Simulated sweeps\n\n{markdown_table(['made with', ''], list(made.items()))}"


def _by(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _is_counted(members: Sequence[Row]) -> bool:
    return any(row.get("counts") and row.get("n_true") for row in members)


def _twitch_part(group: str, rows: Sequence[Row]) -> str:
    headings = ["condition", "seeds", "twitches", "F1", "95 %", "informed", "behind", "searching", "found",
                "missed under blinks", "precision", "false / min", "peak within a frame",
                "of those above twice the limit", "place (sigma)", "direction (rad)", "amplitude ratio", "limit (px)",
                "label right"]  # fmt: skip
    lines = [
        twitch_line(name, [row for row in members if "counts" in row])
        for name, members in _by(rows, "condition").items()
    ]
    return f"## By {group}\n\n{markdown_table(headings, [line for line in lines if line])}"


def twitch_line(name: str, rows: Sequence[Row]) -> list[object]:
    """One condition: hits and errors summed over its clips, medians over its matched events."""
    if not rows:
        return []
    counts = [tuple(row["counts"]) for row in rows]
    tp, fp, fn = (sum(column) for column in zip(*counts, strict=True))
    best, searching = (_f1_of_bound(rows, bound) for bound in ("informed", "searching"))
    errors = [error for row in rows for error in row["errors"]]
    low, high = f1_interval(counts)
    return [
        name, len(rows), tp + fn, _2(f1_of(counts)), f"{low:.2f}-{high:.2f}", _2(best),
        _2(None if best is None else best - f1_of(counts)), _2(searching), share_cell(tp, tp + fn),
        sum(row.get("covered", 0) for row in rows), _2(tp / (tp + fp)) if tp + fp else None,
        _2(fp / sum(row["minutes"] for row in rows)),
        _share([error["frames"] <= FRAME_ROOM for error in errors]),
        _share([error["frames"] <= FRAME_ROOM for error in errors if error["is_high"]]),
        *(_2(_typical(errors, key)) for key in ("sigmas", "turn_rad", "ratio")),
        _2(median([row["limit_px"] for row in rows if row["limit_px"] is not None])),
        f"{sum(row['label'] == row['truth'] for row in rows)}/{len(rows)}",
    ]  # fmt: skip


def _f1_of_bound(rows: Sequence[Row], bound: str) -> float | None:
    """F1 of a detector that is told the truth; None unless it was asked of every clip."""
    counts = [tuple(row[bound]) for row in rows if row.get(bound)]
    return f1_of(counts) if len(counts) == len(rows) else None


def _typical(errors: Sequence[Row], key: str) -> float | None:
    return median([error[key] for error in errors if error[key] is not None])


def _sustained_part(rows: Sequence[Row]) -> str:
    headings = ["condition", "seeds", "region F1 (mean)", "duty error (median)", "Hz error (median)", "label right"]
    lines = []
    for name, members in _by((row for row in rows if "problem" not in row), "condition").items():
        f1s = [row["region_f1"] for row in members]
        lines.append([
            name, len(members), _2(sum(f1s) / len(f1s)),
            *(_2(median([row[key] for row in members if key in row])) for key in ("duty_error", "hz_error")),
            f"{sum(row['label'] == row['truth'] for row in members)}/{len(members)}",
        ])  # fmt: skip
    return f"## Sustained\n\n{markdown_table(headings, lines)}" if lines else ""


def rest_line(name: str, rows: Sequence[Row]) -> list[object]:
    """False events over minutes with nothing to find."""
    events, minutes = sum(row["counts"][1] for row in rows), sum(row["minutes"] for row in rows)
    wrong = sum(row["label"] not in ("no-twitch", "indeterminate") for row in rows)
    return [name, len(rows), f"{minutes:.1f}", events, _2(events / minutes), _2(poisson_upper(events, minutes)), wrong]


REST_HEADINGS = ["condition", "clips", "minutes", "false events", "a minute", "95 % upper bound", "labels wrong"]


def _rest_part(rows: Sequence[Row]) -> str:
    rows = [row for row in rows if "counts" in row]
    if not rows:
        return ""
    lines = [
        rest_line(name, members) for name, members in _by(rows, "condition").items() if members[0]["group"] == "rest"
    ]
    lines += [rest_line(f"all: {name}", members) for name, members in _by(rows, "group").items()]
    lines.append(rest_line("all", rows))
    return f"## At rest\n\n{markdown_table(REST_HEADINGS, lines)}"


def _apart_part(rows: Sequence[Row]) -> str:
    """Artefacts with nothing to find; not part of rest, since nobody at rest speaks or nods."""
    counted = _by((row for row in rows if "counts" in row), "condition")
    lines = [
        [*rest_line(name, members), " ".join(f"{kind} {count}" for kind, count in _kinds(members).items())]
        for name, members in counted.items()
    ]
    return f"## Artefacts with no twitch\n\n{markdown_table([*REST_HEADINGS, 'set apart as'], lines)}" if lines else ""


def _named_part(rows: Sequence[Row]) -> str:
    """Of the artefacts put in: how many were set apart under their own name."""
    lines = []
    for name, members in _by((row for row in rows if row.get("named")), "condition").items():
        for kind in sorted({kind for row in members for kind in row["named"]}):
            counts = [row["named"][kind] for row in members if kind in row["named"]]
            hit, put_in = (sum(column) for column in zip(*counts, strict=True))
            lines.append([name, kind, f"{hit}/{put_in}"])
    return f"## Named\n\n{markdown_table(['condition', 'put in', 'named so'], lines)}" if lines else ""


def _kinds(rows: Sequence[Row]) -> dict[str, int]:
    kinds = [kind for row in rows for kind in row["rejected"]]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _curve_part(rows: Sequence[Row]) -> str:
    """Receiver curve: share found against false events a minute of rest, as all bars move together."""
    with_curve = [row for row in rows if row.get("curve")]
    at_rest = [row for row in with_curve if row["group"] == "rest"]
    found = _by((row for row in with_curve if row["group"] != "rest"), "condition")
    if not found or not at_rest:
        return ""
    factors = [point[0] for point in with_curve[0]["curve"]]
    lines = []
    for k, factor in enumerate(factors):
        false = sum(row["curve"][k][2] for row in at_rest) / sum(row["minutes"] for row in at_rest)
        shares = [_hits(members, k) for members in found.values()]
        lines.append([factor, _2(false), *shares])
    return f"## Receiver curve\n\n{markdown_table(['bars times', 'false / min at rest', *found], lines)}"


def _hits(rows: Sequence[Row], k: int) -> str | None:
    return _share([True] * sum(row["curve"][k][1] for row in rows) + [False] * sum(row["curve"][k][3] for row in rows))


def _limit_part(rows: Sequence[Row]) -> str:
    lines = []
    for name, members in _by((row for row in rows if "found" in row), "condition").items():
        found = [hit for row in members for hit in row["found"]]
        worst = [h for row in members for h, is_worst in zip(row["found"], row["in_worst"], strict=True) if is_worst]
        is_fine = found and LIMIT_SHARE[0] <= sum(found) / len(found) <= LIMIT_SHARE[1]
        lines.append([
            name, len(members), len(found), share_cell(sum(found), len(found)), "yes" if is_fine else "no",
            share_cell(sum(worst), len(worst)), _2(median([row["stated_px"] for row in members])),
        ])  # fmt: skip
    headings = [
        "condition",
        "clips",
        "twitches at the limit",
        "found",
        "80-97 %",
        "found in the worst region",
        "limit (px)",
    ]
    return f"## Limit of detection, from outside\n\n{markdown_table(headings, lines)}" if lines else ""


def _problem_part(rows: Sequence[Row]) -> str:
    lines = [[row["condition"], row["seed"], row["problem"]] for row in rows if "problem" in row]
    return f"## Without a result\n\n{markdown_table(['condition', 'seed', 'problem'], lines)}" if lines else ""


def share_cell(hits: int, count: int) -> str | None:
    """A share with its Wilson interval; None of nothing."""
    if not count:
        return None
    low, high = wilson_interval(hits, count)
    return f"{hits / count:.2f} ({low:.2f}-{high:.2f})"


def _share(flags: Sequence[bool]) -> str | None:
    return f"{sum(flags) / len(flags):.2f}" if flags else None


def _2(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
