"""Every header compiles alone, as C17, with the project's warnings."""
import concurrent.futures
import os
import re

import lint

FLAGS = ("-std=c17", "-fsyntax-only", "-D_DEFAULT_SOURCE", '-DEAR_VERSION="0"', "-Wall", "-Wextra",
         "-Wstrict-prototypes", "-Werror", "-I", ".", *lint.generated_folders())


def check(name):
    header = (lint.SOURCE / name).read_text(encoding="utf-8")
    findings = []
    if not re.search(r"^#ifndef EAR_\w+_H$", header, re.MULTILINE):
        findings.append(f"{name}:1: no guard EAR_..._H")
    # Compiled through an including file: a header given as the main file warns on its own.
    result = lint.run("cc", *FLAGS, "-x", "c", "-", input=f'#include "{name}"\n')
    if result.returncode:
        findings.append(f"{name}: does not compile alone:\n{result.stdout}")
    return findings


headers = lint.c_files(".h")
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    found = [finding for findings in pool.map(check, headers) for finding in findings]
lint.finish(found, len(headers), "headers")
