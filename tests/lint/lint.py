"""What the lint checks share: the project's files, and how a finding is reported.

Each check is a program: it prints one line a finding, `file:line: what is wrong`, and ends with
status 1 when there was one. EAR_SOURCE and EAR_BUILD name the source root and the build folder.
"""
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get("EAR_SOURCE", pathlib.Path(__file__).parents[2])).resolve()
BUILD = pathlib.Path(os.environ.get("EAR_BUILD", SOURCE / "build" / "dev")).resolve()
# Lint reads the hardened programs and objects, whichever build it runs from.
RELEASE = pathlib.Path(os.environ.get("EAR_RELEASE", SOURCE / "build" / "release")).resolve()
C_FOLDERS = ("common", "agent", "aggregator", "tests")


def run(*command, **options):
    """Runs a command in the source root; returns the finished process, with its output as text."""
    return subprocess.run([str(word) for word in command], cwd=SOURCE, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def project_files():
    """Every file of the project, relative to the root: known to git or about to be."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard"], cwd=SOURCE, capture_output=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # an unpacked source archive
        names = [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()]
        names = [name for name in names if name.split("/")[0] not in ("build", "dist", ".git")]
    return sorted(name for name in set(names) if (SOURCE / name).is_file())


def c_files(*endings):
    """The C files below the code's folders with one of the endings."""
    return [name for name in project_files()
            if name.endswith(endings) and name.split("/")[0] in C_FOLDERS]


def shell_files():
    """Files that start as shell scripts, and those sourced by them."""
    found = []
    for name in project_files():
        with open(SOURCE / name, "rb") as file:
            head = file.read(200)
        first = head.split(b"\n")[0]
        if first.startswith(b"#!") and first.split(b"/")[-1].strip() in (b"sh", b"bash", b"dash"):
            found.append(name)
        elif name.endswith(".sh") or b"# shellcheck shell=" in head:
            found.append(name)
    return found


def generated_folders():
    """-I words for the folders of generated headers, as the build itself uses them."""
    commands = BUILD / "compile_commands.json"
    text = commands.read_text(encoding="utf-8") if commands.exists() else ""
    found = re.findall(r"(?:-I|-isystem )(\S+)", text)
    return sorted({f"-I{folder}" for folder in found if folder.startswith(f"{BUILD}/")})


def finish(findings, looked_at, what):
    """Prints the findings; ends the program, with an error as well when nothing was looked at."""
    for finding in findings:
        print(finding)
    print(f"{looked_at} {what} looked at, {len(findings)} findings")
    if looked_at == 0:
        print("nothing to look at: the check itself is broken, or something is not built")
    sys.exit(1 if findings or looked_at == 0 else 0)
