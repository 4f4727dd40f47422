"""shellcheck over all shell scripts; those for `sh` are parsed by dash too."""
import lint

files = lint.shell_files()
result = lint.run("shellcheck", "--external-sources", "--format=gcc", *files)
findings = result.stdout.splitlines()
for name in files:
    first = (lint.SOURCE / name).open(encoding="utf-8").readline().strip()
    if first in ("#!/bin/sh", "#!/bin/dash"):
        parsed = lint.run("dash", "-n", name)
        if parsed.returncode:
            findings.append(f"{name}: dash: {parsed.stdout.strip()}")
lint.finish(findings, len(files), "shell scripts")
