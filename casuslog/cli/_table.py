"""Tables and durations for people."""

from __future__ import annotations

from collections.abc import Sequence

_GAP = "  "


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, one line per row; no trailing spaces."""
    widths = [max(len(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    lines = [headers, ["-" * width for width in widths], *rows]
    return "\n".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def duration(seconds: float) -> str:
    """A time span in its two largest units: ``3 s``, ``2 min 5 s``, ``1 u 30 min``, ``3 d 2 u``."""
    whole = int(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "u"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    shown = [f"{number} {unit}" for number, unit in parts]
    first = next((n for n, (number, _) in enumerate(parts) if number), len(parts) - 1)
    kept = [
        text for text, (number, _) in zip(shown[first : first + 2], parts[first : first + 2], strict=True) if number
    ]
    return " ".join(kept) or ("minder dan 1 s" if seconds > 0 else "0 s")
