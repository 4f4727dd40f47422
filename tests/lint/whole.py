"""Nothing is left out of the build without notice: every C file is compiled, every test file has
ctest entries, and every source and test that a CMakeLists.txt names exists.

usage: whole.py [ENTRIES]   ENTRIES: ctest's JSON (default: asks ctest)
"""
import json
import pathlib
import sys

import lint


def entries():
    """The command line of each ctest entry."""
    if len(sys.argv) > 1:
        text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    else:
        text = lint.run("ctest", "--test-dir", lint.BUILD, "--show-only=json-v1").stdout
    tests = json.loads(text[text.index("{"):])["tests"]
    return [test.get("command", []) for test in tests]


missing = lint.BUILD / "checks" / "missing.txt"
findings = [f"{line}: named in a CMakeLists.txt, but not there"
            for line in missing.read_text(encoding="utf-8").splitlines() if line]
commands = json.loads((lint.BUILD / "compile_commands.json").read_text(encoding="utf-8"))
compiled = {command["file"] for command in commands}
run = {word for command in entries() for word in command}
programs = {pathlib.PurePath(word).name for word in run}
files = lint.c_files(".c") + [name for name in lint.c_files(".py") if "/test_" in name]
for name in files:
    path = pathlib.PurePosixPath(name)
    if name.endswith(".py"):
        if str(lint.SOURCE / name) not in run:
            findings.append(f"{name}: no ctest entry runs it")
    elif str(lint.SOURCE / name) not in compiled:
        findings.append(f"{name}: nothing compiles it")
    elif path.name.startswith("test_") and f"test_{path.parent.name}_{path.stem[5:]}" not in programs:
        findings.append(f"{name}: no ctest entry runs a case of it")
lint.finish(findings, len(files), "files")
