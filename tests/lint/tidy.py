"""clang-tidy with .clang-tidy over every C file that the build compiles.

A file that passed is remembered under build/tidy/ by a hash of itself, all headers it read, the
rules and its flags, so that a second run takes a second. The headers come from ninja's record of
the build (`ninja -t deps`): a file that is not built yet is a finding.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re

import lint

CACHE = lint.SOURCE / "build" / "tidy"
RULES = b"".join(path.read_bytes() for folder in ("", "tests")
                 if (path := lint.SOURCE / folder / ".clang-tidy").exists()) + \
    lint.run("clang-tidy", "--version").stdout.encode()


def dependencies():
    """Maps each object file to the files it was compiled from."""
    needs, current = {}, None
    for line in lint.run("ninja", "-C", lint.BUILD, "-t", "deps").stdout.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = needs.setdefault(line.split(":")[0], [])
    return needs


def wanted(entry):
    """Sources of ours; test mains and protobuf code are generated and lie in the build folder."""
    path = pathlib.Path(entry["file"])
    return lint.SOURCE in path.parents and lint.BUILD not in path.parents and \
        path.relative_to(lint.SOURCE).parts[0] in lint.C_FOLDERS


def key(entry, needs):
    """The hash under which a pass is remembered."""
    total = hashlib.sha256(RULES + entry["command"].replace(str(lint.BUILD), "BUILD").encode())
    for name in sorted({entry["file"], *needs}):
        path = pathlib.Path(entry["directory"], name)
        # Of the system's headers name, size and time are enough.
        if lint.SOURCE in path.resolve().parents:
            total.update(path.read_bytes())
        else:
            about = path.stat()
            total.update(f"{path}{about.st_size}{about.st_mtime_ns}".encode())
    return total.hexdigest()


def check(work):
    entry, needs = work
    name = str(pathlib.Path(entry["file"]).relative_to(lint.SOURCE))
    if needs is None:
        return [f"{name}: not built in {lint.BUILD}"]
    gone = [need for need in needs if not pathlib.Path(entry["directory"], need).exists()]
    if gone or not pathlib.Path(entry["file"]).exists():
        return [f"{name}: built from files that are gone {gone}; build again"]
    mark = CACHE / key(entry, needs)
    if mark.exists():
        return []
    # gcc's own warning words are unknown to clang, and its -Werror is not the question here.
    # Our headers are judged with the file, generated ones in the build folder are not.
    ours = f"^{re.escape(str(lint.SOURCE))}/({'|'.join(lint.C_FOLDERS)})/"
    result = lint.run("clang-tidy", "--quiet", "-p", lint.BUILD, f"--header-filter={ours}",
                      "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error", entry["file"])
    lines = result.stdout.replace(str(lint.SOURCE) + "/", "").splitlines()
    findings = [line for line in lines if ": error:" in line or ": warning:" in line]
    if result.returncode and not findings:
        findings = [f"{name}: clang-tidy ended with status {result.returncode}"] + lines[-3:]
    if not findings:
        mark.write_text(name + "\n", encoding="utf-8")
    return findings


CACHE.mkdir(parents=True, exist_ok=True)
built = dependencies()
entries = {}
for command in json.loads((lint.BUILD / "compile_commands.json").read_text(encoding="utf-8")):
    if wanted(command):
        entries.setdefault(command["file"], command)
jobs = [(command, built.get(re.search(r" -o (\S+) ", command["command"]).group(1))) for _, command in sorted(entries.items())]
with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count()))) as pool:
    found = sorted({finding for findings in pool.map(check, jobs) for finding in findings})
lint.finish(found, len(jobs), "C files")
