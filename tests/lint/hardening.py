"""The programs of the release build carry the hardening they were compiled for, read back from the
files: position independent, full RELRO, immediate binding, no executable stack, no dlopen, stack
protector, fortified libc calls, no run path, control-flow marks where the compiler has them. The
agent needs no large library, and no program names the call that ear never makes.

usage: hardening.py [BUILD]   (default: the release build)
"""
import pathlib
import re
import subprocess
import sys

import lint

build = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else lint.RELEASE
# Each costs more memory than the whole agent should.
NOT_IN_AGENT = ("libssl", "libcrypto", "libcurl", "libsqlite3", "libexpat", "libcjson", "libstdc++")
FORBIDDEN_TEXT = b"TerminateInstances"
# What readelf prints for an object with control-flow marks.
CONTROL_FLOW = {"x86": r"x86 feature: IBT, SHSTK", "aarch64": r"AArch64 feature: BTI"}


def readelf(path, *words):
    return subprocess.run(["readelf", "-W", *words, str(path)], capture_output=True, text=True,
                          check=True).stdout


def check(program):
    """Yields what is missing in one program."""
    header = readelf(program, "-h")
    dynamic = readelf(program, "-d")
    segments = readelf(program, "-l")
    names = readelf(program, "--dyn-syms")
    flags = " ".join(re.findall(r"\(FLAGS(?:_1)?\)\s+(.*)", dynamic))
    if not re.search(r"Type:\s+DYN", header) or "PIE" not in flags:
        yield "not position independent"
    if "GNU_RELRO" not in segments:
        yield "no RELRO segment"
    if "NOW" not in flags:
        yield "binds lazily (no BIND_NOW)"
    stack = re.search(r"GNU_STACK\s.*?\s([RWE]+)\s+0x", segments)
    if not stack or "E" in stack.group(1):
        yield "executable stack"
    if re.search(r"LOAD\s.*\sRWE\s", segments):
        yield "a segment is writable and executable"
    # The linker drops NODLOPEN from programs; that a PIE cannot be opened glibc sees to itself.
    if re.search(r"\bdlopen(@| |$)", names, re.MULTILINE):
        yield "calls dlopen"
    if "__stack_chk_fail" not in names:
        yield "no stack protector"
    if not re.search(r"__\w+_chk(@| )", names):
        yield "no fortified libc call"
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        yield "has a run path"
    if program.name == "ear-agent":
        for library in re.findall(r"\(NEEDED\).*\[([^\]]+)\]", dynamic):
            if library.startswith(NOT_IN_AGENT):
                yield f"needs {library}"
    if FORBIDDEN_TEXT in program.read_bytes():
        yield f"names {FORBIDDEN_TEXT.decode()}"


def check_marks():
    """Own objects are marked for control-flow protection when the compiler knew the flag.
    The programs cannot be: Debian's start files and static libraries are not marked."""
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    if not re.search(r"^EAR_HAS_f?m?(cf_protection_full|branch_protection_standard):INTERNAL=1$", cache,
                     re.MULTILINE):
        return
    archives = [path for path in build.rglob("libear_*.a")]
    if not archives:
        yield "no archive of ours to read"
    for archive in archives:
        objects = readelf(archive, "-n").split("\nFile: ")[1:]
        for text in objects or [""]:
            if not any(re.search(pattern, text) for pattern in CONTROL_FLOW.values()):
                yield f"{archive.name}({text.splitlines()[0] if text else ''}): no control-flow marks"


listed = build / "checks" / "programs.txt"
programs = listed.read_text(encoding="utf-8").split() if listed.exists() else []
findings = list(check_marks()) if listed.exists() else []
for name in programs:
    path = build / "bin" / name
    if path.exists():
        findings += [f"{name}: {what}" for what in check(path)]
    else:
        findings.append(f"{name}: not built in {build}: cmake --preset release && cmake --build build/release")
lint.finish(findings, len(programs), "programs")
