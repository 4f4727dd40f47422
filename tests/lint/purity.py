"""The pure archives of the release build hold no writable data and need nothing but the symbols of
cmake/pure_symbols.txt and each other: so they can read no clock, open nothing, allocate nothing.

usage: purity.py [BUILD]   (default: the release build)
"""
import pathlib
import re
import sys

import lint

build = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else lint.RELEASE


def symbols(archive):
    """Yields (object, name, class letter, section) for each symbol of an archive."""
    member = ""
    for line in lint.run("nm", "--format=sysv", archive).stdout.splitlines():
        head = re.match(r"^(?:Symbols|Undefined symbols) from \S+\[(\S+)\]:", line)
        if head:
            member = head.group(1)
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7 and len(fields[2]) == 1:
            yield member, fields[0], fields[2], fields[6]


def allowed_symbols():
    text = (lint.SOURCE / "cmake" / "pure_symbols.txt").read_text(encoding="utf-8")
    return {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}


listed = build / "checks" / "pure.txt"
archives = listed.read_text(encoding="utf-8").split() if listed.exists() else []
findings = []
contents = {}
for archive in archives:
    if pathlib.Path(archive).exists():
        contents[archive] = list(symbols(archive))
        if not contents[archive]:
            findings.append(f"{archive}: nm found no symbol in it")
    else:
        findings.append(f"{archive}: not built")
permitted = allowed_symbols()
for rows in contents.values():
    permitted |= {name for _, name, letter, _ in rows if letter in "TRDBCWV"}
for archive, rows in contents.items():
    place = pathlib.Path(archive).name
    for member, name, letter, section in rows:
        # Constants that hold addresses are writable until the loader has relocated them: fine.
        constant = section.startswith(".data.rel.ro")
        if letter.upper() in "DBCGS" and not constant:
            findings.append(f"{place}({member}): writable data: {name} in {section}")
        if letter in "Uwv" and name not in permitted and name != "_GLOBAL_OFFSET_TABLE_":
            findings.append(f"{place}({member}): needs {name}, which cmake/pure_symbols.txt does not list")
lint.finish(sorted(set(findings)), len(contents), "pure archives")
