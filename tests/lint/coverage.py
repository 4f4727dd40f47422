"""docs/coverage.md has one row for each numbered requirement, in order; its states are known words;
the tests it names exist; and what is said to work names one.

usage: coverage.py [FILE [NAMES]]   NAMES: a file of test names, one a line (default: asks ctest)
"""
import json
import pathlib
import re
import sys

import lint

page = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else lint.SOURCE / "docs" / "coverage.md"
# Prefix and last number of each list; a bare number is a row of the specification, I an invariant.
LISTS = (("", 149), ("C", 20), ("D", 14), ("U", 30), ("R", 28), ("S", 16), ("T", 15), ("F", 48), ("I", 29))
STATES = ("works", "partly", "not yet", "not applicable")


def test_names():
    if len(sys.argv) > 2:
        return pathlib.Path(sys.argv[2]).read_text(encoding="utf-8").split()
    answer = lint.run("ctest", "--test-dir", lint.BUILD, "--show-only=json-v1").stdout
    return [test["name"] for test in json.loads(answer[answer.index("{"):])["tests"]]


def check_row(place, cells, names):
    """Yields what is wrong with one row of five cells."""
    _, what, state, tests, note = cells
    named = re.findall(r"`([^`]+)`", tests)
    if not what:
        yield f"{place}: does not say what is required"
    if state not in STATES:
        yield f"{place}: state {state!r} is none of {', '.join(STATES)}"
    if tests and not named:
        yield f"{place}: tests stand in backticks"
    if state in ("works", "partly") and not named:
        yield f"{place}: {state!r} names no test"
    if state in ("partly", "not applicable") and not note:
        yield f"{place}: {state!r} needs a note"
    for pattern in named:
        if not any(re.match(pattern, name) for name in names):
            yield f"{place}: no test is called {pattern}"


names = test_names()
findings = []
seen = []
for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if not line.startswith("|") or not re.fullmatch(r"[A-Z]?\d+", cells[0]):
        continue
    place = f"{page.name}:{number}: {cells[0]}"
    seen.append(cells[0])
    if len(cells) != 5:
        findings.append(f"{place}: {len(cells)} cells instead of 5")
    else:
        findings += check_row(place, cells, names)
wanted = [f"{prefix}{row}" for prefix, last in LISTS for row in range(1, last + 1)]
findings += [f"{page.name}: no row {row}" for row in wanted if row not in seen]
findings += [f"{page.name}: {row} is no requirement, or stands twice" for row in sorted(set(seen))
             if row not in wanted or seen.count(row) > 1]
if not findings and seen != wanted:
    findings.append(f"{page.name}: rows are out of order")
if not names:
    findings.append("ctest lists no test")
lint.finish(findings, len(seen), "rows")
