"""Who may include whom. checks/star.txt, written by CMake, holds a line for each library and program:
name, folder, DEPENDS. The files of a folder may include headers of the folder itself and of what
it DEPENDS on directly; common/base and common/model come along with anything that has them.

usage: star.py [BUILD [SOURCE]]
"""
import pathlib
import re
import sys

import lint

build = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else lint.BUILD
source = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else lint.SOURCE
# Values and nothing else: what every stage sees.
SHARED = ("base", "model")
# The stages see each other through the engine alone.
STAGES = ("history", "predict", "decide", "recover")
# The only folder that sees what protoc generates.
WIRE = "common/wire"

libraries = {}
folders = {}
findings = []
for line in (build / "checks" / "star.txt").read_text(encoding="utf-8").splitlines():
    if not line.strip():
        continue
    name, folder, *rest = line.split()
    depends = rest[0].split(",") if rest else []
    libraries[name] = (folder, depends)
    if not folder.startswith("tests"):
        folders.setdefault(folder, set()).update(depends, [name])
    if name in STAGES and set(depends) - set(SHARED):
        findings.append(f"{folder}/CMakeLists.txt: a stage DEPENDS on base and model alone, not on "
                        + ", ".join(sorted(set(depends) - set(SHARED))))


def closure(names):
    """The libraries reached from `names`, over any number of steps."""
    reached, todo = set(), list(names)
    while todo:
        one = todo.pop()
        if one not in reached and one in libraries:
            reached.add(one)
            todo += libraries[one][1]
    return reached


def visible(folder):
    """Folders whose headers the files of `folder` may include."""
    names = folders[folder] | (closure(folders[folder]) & set(SHARED))
    return {libraries[name][0] for name in names if name in libraries} | {folder}


looked_at = 0
for folder in sorted(folders):
    allowed = visible(folder)
    for path in sorted((source / folder).glob("*.[ch]")):
        looked_at += 1
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            included = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', text)
            if not included:
                continue
            target = included.group(1)
            place = f"{folder}/{path.name}:{number}"
            if target.endswith(".pb-c.h") and folder != WIRE:
                findings.append(f"{place}: only {WIRE} sees generated types ({target})")
            if not text.strip().endswith('"') or not (source / target).is_file():
                if (path.parent / target).is_file() and "/" not in target:
                    findings.append(f'{place}: "{target}" is not relative to the root')
                continue
            if str(pathlib.PurePosixPath(target).parent) not in allowed:
                findings.append(f"{place}: {target} is not in the DEPENDS of {folder}/CMakeLists.txt")
lint.finish(findings, looked_at, "C files")
