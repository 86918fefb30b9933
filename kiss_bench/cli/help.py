"""How `--help` looks: commands in the order of the work, an example each, options by what they are about.

Plain text, wrapped to the terminal, and nothing imported for it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter, Parameter

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Begin": ("init", "plan"),
    "Run": ("run",),
    "Look closer": ("report", "replay", "adapt", "export"),
    "Hand in": ("propose", "attach"),
    "Check": ("verify", "check", "vault", "selftest"),
    "What ships": ("rungs", "metrics"),
}
"""Commands in the order of the work."""
REST = "More"
"""Where a command lands that is in no group."""
EXAMPLES: Mapping[str, str] = {
    "init": "kiss-bench init loans.csv --target class",
    "plan": "kiss-bench plan configs/german_credit.yaml",
    "run": "kiss-bench run configs/german_credit.yaml --quick",
    "report": "kiss-bench report results/german-credit",
    "replay": "kiss-bench replay results/german-credit --rung boosting",
    "adapt": "kiss-bench adapt results/german-credit --set boosting.trials=60 --out new.yaml",
    "export": "kiss-bench export results/german-credit --to optuna",
    "propose": "kiss-bench propose results/german-credit",
    "attach": "kiss-bench attach PROPOSAL.md results/german-credit",
    "verify": "kiss-bench verify results/german-credit",
    "check": "kiss-bench check PROPOSAL.md",
    "vault": "kiss-bench vault open results/german-credit",
    "open": "kiss-bench vault open results/german-credit",
    "selftest": "kiss-bench selftest configs/german_credit.yaml --draws 20",
    "rungs": "kiss-bench rungs",
    "metrics": "kiss-bench metrics",
}
EXIT_CODES = (
    ("0", "done, or yes"),
    ("1", "a no that was asked for: a rung failed, or something differs"),
    ("2", "invalid input; every fault is told"),
    ("3", "an error of ours"),
    ("130", "interrupted; what is finished is stored"),
)
NOES: Mapping[str, str] = {
    "run": "a rung failed, or found something in a placebo target",
    "replay": "a trial differs",
    "verify": "something differs",
    "check": "the board is not genuine, or the rung is not justified",
    "open": "refused, by what was registered",
    "selftest": "needless rungs are promoted more often than alpha allows",
}
"""What exit code 1 of a command means; the others have none."""
WHAT, HOW = "What runs", "How it runs"
SECTIONS = ("Arguments", WHAT, HOW, "Options")
"""What the options of a command are about, in this order."""
MOST_COLUMNS = 100
"""Wider lines are hard to read, whatever the terminal."""


class PlainCommand(TyperCommand):
    def collect_usage_pieces(self, ctx: "Context") -> list[str]:
        options, *rest = super().collect_usage_pieces(ctx)
        return [*(re.sub(r"[{}]|\.\.\.$", "", piece) for piece in rest), options]

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        _example(self.name or "", formatter)
        self.format_options(ctx, formatter)
        if no := NOES.get(self.name or ""):
            with formatter.section("Exit codes"):
                formatter.write_dl([EXIT_CODES[0], ("1", no), EXIT_CODES[2]])

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        _sections(self.get_params(ctx), ctx, formatter)


class PlainGroup(TyperGroup):
    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        _example("run" if ctx.parent is None else self.name or "", formatter)
        self.format_commands(ctx, formatter)
        _sections(self.get_params(ctx), ctx, formatter)
        if ctx.parent is None:
            with formatter.section("Exit codes"):
                formatter.write_dl(list(EXIT_CODES))

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        groups = grouped(self.commands) if ctx.parent is None else {"Commands": tuple(self.commands)}
        room = max(map(len, self.commands))
        for name, commands in groups.items():
            with formatter.section(name):
                formatter.write_dl([(command.ljust(room), summary(self.commands[command])) for command in commands])


class App(typer.Typer):
    """A Typer whose commands and groups have this help."""

    def __init__(self, **settings: Any) -> None:
        context = {"help_option_names": ["-h", "--help"], "max_content_width": MOST_COLUMNS}
        super().__init__(
            cls=PlainGroup, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False,
            context_settings=context, **settings,
        )  # fmt: skip

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Decorated], Decorated]:
        return super().command(name, cls=PlainCommand, **settings)


def grouped(commands: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Put commands into the groups they belong to, in that order; one that nobody grouped comes last."""
    found = {title: tuple(name for name in names if name in commands) for title, names in GROUPS.items()}
    rest = tuple(name for name in commands if not any(name in names for names in GROUPS.values()))
    return {title: names for title, names in {**found, REST: rest}.items() if names}


def summary(command: "Command") -> str:
    """Give the first line of a command's help, whole."""
    return (command.help or "").strip().split("\n", 1)[0]


def _example(name: str, formatter: "HelpFormatter") -> None:
    if name in EXAMPLES:
        with formatter.section("Example"):
            formatter.write_dl([(EXAMPLES[name], "")])


def _sections(params: "list[Parameter]", ctx: "Context", formatter: "HelpFormatter") -> None:
    sections: dict[str, list[tuple[str, str]]] = {}
    for title, record in _records(params, ctx):
        sections.setdefault(title, []).append(record)
    for title in sorted(sections, key=SECTIONS.index):
        with formatter.section(title):
            formatter.write_dl(sections[title])


def _records(params: "list[Parameter]", ctx: "Context") -> Iterator[tuple[str, tuple[str, str]]]:
    """Section, name and text of every parameter; `rich_help_panel` is typer's word for the section."""
    for param in params:
        if isinstance(param, TyperArgument):
            yield "Arguments", (str(param.metavar or param.name), param.help or "")
        elif (record := param.get_help_record(ctx)) is not None:
            name, text = record
            spelled = re.sub(r"\bx>=(\d+)", r"at least \1", text)
            yield getattr(param, "rich_help_panel", None) or "Options", (name, spelled)
