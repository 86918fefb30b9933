"""Commands that list what ships."""

import typer

from kiss_bench.cli.app import app


@app.command()
def rungs() -> None:
    """List the ladder that ships, with what is tuned of each rung."""
    from tabulate import tabulate

    from kiss_bench.rungs import shipped_rungs

    rows = [
        {
            "level": f"{rung.level:g}",
            "rung": rung.name,
            "what it is": rung.summary,
            "tuned": ", ".join(line.name for line in rung.space("binary")) or "–",
            "to explain it takes": rung.explain,
        }
        for rung in shipped_rungs().values()
    ]
    typer.echo(tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=[None, None, 24, 24, 18]))


@app.command()
def metrics() -> None:
    """List the metrics, with the tasks they suit and the other names they go by."""
    from tabulate import tabulate

    from kiss_bench.metrics import METRICS

    rows = [
        {
            "metric": metric.name,
            "better": "higher" if metric.greater_is_better else "lower",
            "tasks": ", ".join(metric.tasks),
            "also called": ", ".join(metric.aliases) or "–",
            "what it is": metric.summary,
        }
        for metric in METRICS.values()
    ]
    typer.echo(tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=[None, None, 11, 28, 28]))
