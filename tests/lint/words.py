"""Small rules on text: no note to self left behind, no file out of proportion, no path of somebody's
machine, no dead link between our pages, a newline at the end."""
import pathlib
import re

import lint

C_LINES_MAX = 900  # STYLE measures about 600; beyond this a file holds a second idea
README_LINES_MAX = 120
# Written in two halves so that this file does not find itself.
NOTES = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|X" + r"XX)\b")
HOMES = re.compile(r"(?<![\w/.])/(home|root|work|Users)/\w")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
OURS = (".c", ".h", ".py", ".cmake", ".txt", ".md", ".sh", ".json", ".proto", ".yml", ".yaml")

findings = []
looked_at = 0
for name in lint.project_files():
    first = name.split("/")[0]
    if not (name.endswith(OURS) or first in ("scripts", ".ci")) or "/corpus/" in name \
            or name.startswith("tests/vectors/") or "/fixtures/" in name:
        continue
    text = (lint.SOURCE / name).read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    looked_at += 1
    for number, line in enumerate(lines, 1):
        if NOTES.search(line):
            findings.append(f"{name}:{number}: a note to self; finish it or write it into docs/coverage.md")
        if HOMES.search(line):
            findings.append(f"{name}:{number}: a path of one machine")
        for target in LINK.findall(line) if name.endswith(".md") else ():
            if not (lint.SOURCE / pathlib.Path(name).parent / target).exists():
                findings.append(f"{name}:{number}: dead link: {target}")
    if text and not text.endswith("\n"):
        findings.append(f"{name}:{len(lines)}: no newline at the end")
    if name.endswith((".c", ".h")) and len(lines) > C_LINES_MAX:
        findings.append(f"{name}: {len(lines)} lines; at most {C_LINES_MAX}")
    if name == "README.md" and len(lines) >= README_LINES_MAX:
        findings.append(f"{name}: {len(lines)} lines; under {README_LINES_MAX}")
lint.finish(findings, looked_at, "files")
