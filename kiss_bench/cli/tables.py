"""Commands that list what ships."""

import typer

from kiss_bench.cli.app import app
from kiss_bench.cli.screen import LOG_WIDTH, width


@app.command()
def rungs() -> None:
    """List the ladder that ships, with what is tuned of each rung."""
    from kiss_bench.rungs import shipped_rungs

    rows = [
        {
            "level": f"{rung.level:g}",
            "rung": rung.name,
            "what it is": rung.summary,
            "tuned": ", ".join(line.name for line in rung.space("binary")) or "–",
            "to explain it": rung.explain,
        }
        for rung in shipped_rungs().values()
    ]
    _show(rows, {"what it is": 10, "tuned": 9, "to explain it": 8})


@app.command()
def metrics() -> None:
    """List the metrics, the tasks they suit, and their other names."""
    from kiss_bench.metrics import METRICS

    rows = [
        {
            "metric": metric.name,
            "better": "higher" if metric.greater_is_better else "lower",
            "tasks": ", ".join(metric.tasks),
            "what it is": f"{metric.summary}{_also(metric.aliases)}",
        }
        for metric in METRICS.values()
    ]
    _show(rows, {"tasks": 10, "what it is": 39})


def _also(names: tuple[str, ...]) -> str:
    return f" Also: {', '.join(names)}." if names else ""


def _show(rows: list[dict[str, str]], shares: dict[str, int]) -> None:
    """Print a table as wide as the screen; the columns of `shares` break their text and share what the others leave."""
    from tabulate import tabulate

    gap, padding = 2, 2  # tabulate gives a header two columns more than it has letters
    words = {key: [len(key) + padding, *(len(word) for row in rows for word in row[key].split())] for key in shares}
    fixed = {key: max(len(key) + padding, *(len(row[key]) for row in rows)) for key in rows[0] if key not in shares}
    room = min(width(), LOG_WIDTH) - sum(fixed.values()) - gap * (len(rows[0]) - 1)
    most = [None if key in fixed else max(room * shares[key] // sum(shares.values()), *words[key]) for key in rows[0]]
    typer.echo(tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=most))
