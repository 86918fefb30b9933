"""Walks a page and asks of every number on it where it is from."""

import json
import math
import re
from bisect import bisect_left
from html.parser import HTMLParser

from kiss_bench.records.evidence import Evidence
from kiss_bench.records.json import plain_json, record_json
from kiss_bench.records.tuning import tuning_json

TOKEN = re.compile(
    r"(?<![\w.\-#])(?P<about>about )?(?P<limit>[<>] ?)?(?P<number>[+\-−]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"(?![\w]*[=.]\d)(?:\s?(?P<unit>%|ms|s|min|h|d|B|kB|MB|GB|TB)(?![\w]))?"
)
OWN = re.compile(r"95 % (?:interval|bounds)|two-sided 95 %|0\.5 is chance|SHA-256|(?:at least|reaches) 0\.95")
"""Numbers that are words of ours."""
UNITS = {
    None: 1, "%": 100, "ms": 1e3, "s": 1, "min": 1 / 60, "h": 1 / 3600, "d": 1 / 86400, "B": 1, "kB": 1e-3,
    "MB": 1e-6, "GB": 1e-9, "TB": 1e-12,
}  # fmt: skip
WITHOUT = {"svg", "style", "script", "title", "pre"}
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Walk(HTMLParser):
    """Every piece of text outside of pictures and code: (text, value, at) of figures, (text, source) of all else."""

    def __init__(self, page):
        super().__init__()
        self.stack, self.figures, self.texts = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.stack.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, text):
        if not text.strip() or any(tag in WITHOUT for tag, _ in self.stack):
            return
        tag, attributes = self.stack[-1]
        if tag == "data":
            self.figures.append((text, float(attributes["value"]), attributes["data-at"]))
            return
        source = next((found["data-from"] for _, found in reversed(self.stack) if "data-from" in found), "any")
        self.texts.append((text, source))


def files_of(evidence: Evidence):
    """The folder's files, as a reader of JSON has them."""
    return {
        "leaderboard.json": json.loads(record_json(evidence.board)),
        "tuning.json": json.loads(tuning_json(evidence.tuning)),
        "diagnostics.json": json.loads(record_json(evidence.diagnostics)) if evidence.diagnostics else {},
        "environment.json": evidence.environment,
        "plan.json": evidence.plan,
        "ledger.jsonl": [plain_json(line) for line in evidence.ledger],
    }


def found_at(files, at):
    """What a figure's address points to."""
    file, _, pointer = at.partition("#")
    place = files[file]
    for step in pointer.split("/")[1:]:
        place = place[int(step)] if isinstance(place, list) else place[step]
    return place


def leaves(content):
    if isinstance(content, dict):
        for key, value in content.items():
            yield str(key)
            yield from leaves(value)
        yield len(content)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from leaves(value)
        yield len(content)
    elif content is not None:
        yield content


def rounds_to(text, value):
    """Whether this number is written as this text: units, rounding and the ends of what is printed."""
    found = TOKEN.match(text)
    low, high = span_of(found) if found is not None and found.end() == len(text) else (1, 0)
    return low <= value <= high


def span_of(found):
    """Which numbers are written like this one."""
    digits = found["number"].replace(",", "").replace("−", "-")
    mantissa, _, exponent = digits.partition("e")
    step = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    if found["about"]:
        step = max(step, 10.0 ** (len(mantissa.lstrip("+-")) - 2))
    shown, scale = float(digits), UNITS[found["unit"]]
    if found["limit"]:
        return (
            (-math.inf, math.nextafter(shown, -1)) if found["limit"][0] == "<" else (math.nextafter(shown, 9), math.inf)
        )
    half = 0.5 * step * (1 + 1e-6) + 1e-12
    return (shown - half) / scale, (shown + half) / scale


class Source:
    """The numbers and the words of some files."""

    def __init__(self, contents, more=()):
        found = [leaf for content in contents for leaf in leaves(content)]
        numbers = [float(leaf) for leaf in found if isinstance(leaf, int | float) and not isinstance(leaf, bool)]
        self.numbers = sorted({abs(n) for n in numbers if math.isfinite(n)} | set(more))
        self.words = "\n".join(str(leaf) for leaf in found if isinstance(leaf, str))

    def has(self, found):
        digits = found["number"].lstrip("+-−")
        low, high = span_of(TOKEN.match(found[0].replace(found["number"], digits)))
        at = bisect_left(self.numbers, low)
        if at < len(self.numbers) and self.numbers[at] <= high:
            return True
        more = "" if len(digits) < 12 else r"|(?=[0-9a-f]{52}\b)"  # a hash is shown by its first 12 letters
        return re.search(rf"(?<![\d.]){re.escape(digits)}(?:(?![\d]){more})", self.words) is not None


def sources_of(files):
    """Where numbers may be from, by the name of the file, with the few that are made of several."""
    made = {name: Source([content], _made_of_several(name, content)) for name, content in files.items()}
    return {**made, "any": Source(list(files.values()), {n for source in made.values() for n in source.numbers})}


def _made_of_several(name, content):
    """Totals over studies and trials, half the width of intervals, the share of rows that differ."""
    if name == "tuning.json":
        studies = [study for rung in content["rungs"] for study in (*rung["studies"], *rung["control"])]
        return {sum(study[key] for study in studies) for key in ("asked", "spent", "complete", "pruned", "failed")}
    if name == "leaderboard.json":
        widths = [(row["prediction_intervals"] or {}).get("mean_width") for row in content["rungs"]]
        return {width / 2 for width in widths if width is not None}
    if name == "diagnostics.json":
        rungs = list(dict.fromkeys(study["rung"] for study in content.get("trials", ())))[:8]
        states = [state for study in content.get("trials", ()) if study["rung"] in rungs for state in study["states"]]
        told = content.get("disagreements")
        kinds = [each["kind"] for each in content.get("slices", ())]
        crowds = {kinds.count(kind) for kind in ("group", "time")}
        return {*crowds, *(min(5, count) for count in crowds), states.count("COMPLETE"), states.count("PRUNED")} | (
            {told["differing"] / told["rows"]} if told else set()
        )
    return set()


def without_source(page, files):
    """The numbers of a page that no file has: (text, where it stands)."""
    walk, sources = Walk(page), sources_of(files)
    lost = wrong_figures(walk, files)
    for text, source in walk.texts:
        found = OWN.sub(lambda words: " " * len(words[0]), text)
        lost += [(number[0], text) for number in TOKEN.finditer(found) if not sources[source].has(number)]
    return lost


def wrong_figures(walk, files):
    """Figures that are not the field they name, or are written otherwise than it rounds to."""
    return [
        (text, at) for text, value, at in walk.figures if found_at(files, at) != value or not rounds_to(text, value)
    ]
