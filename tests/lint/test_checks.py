"""Plants a fault for each lint check and sees that it is found, and that sound input passes."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

LINT = pathlib.Path(__file__).resolve().parent
ROOT = LINT.parents[1]
HARDENED = ("-O2", "-fPIE", "-pie", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-fstack-protector-all",
            "-Wl,-z,nodlopen", "-Wl,-z,noexecstack", "-Wl,-z,relro", "-Wl,-z,now")
PROGRAM = """#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    char name[32];
    strcpy(name, argv[argc - 1]);
    return printf("%s", name) < 0;
}
"""
ROWS = (("", 149), ("C", 20), ("D", 14), ("U", 30), ("R", 28), ("S", 16), ("T", 15), ("F", 48), ("I", 29))


class Planted(unittest.TestCase):
    """A source root and a build folder of its own for each case."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.source = pathlib.Path(self.folder.name) / "source"
        self.build = pathlib.Path(self.folder.name) / "out"
        for path in (self.source / "tests" / "lint", self.source / "cmake", self.build / "checks",
                     self.build / "bin"):
            path.mkdir(parents=True)
        self.write("tests/lint/spelling.txt", "")
        for name in (".clang-format", ".clang-tidy", "cmake/pure_symbols.txt"):
            self.write(name, (ROOT / name).read_text(encoding="utf-8"))

    def write(self, name, text):
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def built(self, name, text):
        path = self.build / name
        path.write_text(text, encoding="utf-8")
        return path

    def lint(self, check, *arguments):
        """Runs a check over the planted tree; returns (passed, what it printed)."""
        result = subprocess.run([sys.executable, "-B", LINT / f"{check}.py", *map(str, arguments)],
                                text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, "EAR_SOURCE": str(self.source),
                                     "EAR_BUILD": str(self.build), "EAR_RELEASE": str(self.build)})
        self.assertNotIn("Traceback", result.stdout)
        return result.returncode == 0, result.stdout

    def assert_finds(self, words, check, *arguments):
        passed, said = self.lint(check, *arguments)
        self.assertFalse(passed, said)
        self.assertIn(words, said)

    def assert_passes(self, check, *arguments):
        passed, said = self.lint(check, *arguments)
        self.assertTrue(passed, said)

    def compile(self, *words):
        subprocess.run(["cc", *map(str, words)], cwd=self.source, check=True)

    # What each check must find.

    def test_format_finds_two_spaces(self):
        self.write("common/x/x.c", "int x(int a) {\n    a++;\n    return a;\n}\n")
        self.assert_passes("format")
        self.write("common/x/y.c", "int y(int a) {\n  a++;\n  return a;\n}\n")
        self.assert_finds("common/x/y.c:1", "format")

    def test_shell_finds_unquoted_word(self):
        self.write("scripts/good", '#!/bin/sh\nls "$1"\n')
        self.assert_passes("shell")
        self.write("scripts/bad", "#!/bin/sh\nls $1\n")
        self.assert_finds("SC2086", "shell")

    def test_shell_finds_bash_words_in_sh(self):
        self.write("scripts/bad", '#!/bin/sh\nwords=(a b)\nls "${words[@]}"\n')
        self.assert_finds("bad: dash:", "shell")

    def test_spelling_finds_a_slip(self):
        self.write("docs/page.md", "The word.\n")
        self.assert_passes("spelling")
        self.write("docs/page.md", "T" + "eh word.\n")
        self.assert_finds("page.md:1", "spelling")

    def test_headers_finds_a_missing_include(self):
        guard = "#ifndef EAR_X_H\n#define EAR_X_H\n{}int x(uint8_t a);\n#endif\n"
        self.write("common/x/x.h", guard.format("#include <stdint.h>\n"))
        self.assert_passes("headers")
        self.write("common/x/x.h", guard.format(""))
        self.assert_finds("does not compile alone", "headers")

    def test_headers_finds_a_missing_guard(self):
        self.write("common/x/x.h", "int x(void);\n")
        self.assert_finds("no guard", "headers")

    def star(self, include, depends="base", name="history"):
        self.built("checks/star.txt", f"base common/base \nmodel common/model base\nother aggregator/other base\n"
                                      f"{name} aggregator/{name} {depends}\n")
        self.write("common/base/base.h", "")
        self.write("common/model/model.h", "")
        self.write("aggregator/other/other.h", "")
        self.write(f"aggregator/{name}/x.c", f"#include <stdio.h>\n{include}\n")

    def test_star_accepts_what_depends_names(self):
        self.star('#include "common/model/model.h"\n#include "common/base/base.h"', "model")
        self.assert_passes("star")

    def test_star_finds_an_include_outside_depends(self):
        self.star('#include "aggregator/other/other.h"')
        self.assert_finds("x.c:2: aggregator/other/other.h", "star")

    def test_star_finds_a_stage_that_depends_on_an_edge(self):
        self.star('#include "common/base/base.h"', "base,other")
        self.assert_finds("a stage DEPENDS on base and model alone", "star")

    def test_star_finds_generated_types_outside_wire(self):
        self.star('#include "ear/v1/envelope.pb-c.h"', name="ingest")
        self.assert_finds("sees generated types", "star")

    def purity(self, code):
        source = self.write("common/x/x.c", code)
        self.compile("-O2", "-fPIC", "-c", source, "-o", self.build / "x.o")
        subprocess.run(["ar", "rcs", self.build / "libear_x.a", self.build / "x.o"], check=True)
        self.built("checks/pure.txt", f"{self.build}/libear_x.a\n")

    def test_purity_accepts_constants_with_addresses(self):
        self.purity('#include <string.h>\nstatic const char *const names[] = {"a", "b"};\n'
                    "size_t x(int i) { return strlen(names[i & 1]); }\n")
        self.assert_passes("purity")

    def test_purity_finds_writable_data(self):
        self.purity("static int calls;\nint x(void) { return ++calls; }\n")
        self.assert_finds("writable data: calls", "purity")

    def test_purity_finds_a_clock(self):
        self.purity("#include <time.h>\nlong x(void) { return (long)time(0); }\n")
        self.assert_finds("needs time,", "purity")

    def test_purity_finds_an_inexact_function(self):
        self.purity("#include <math.h>\ndouble x(double a) { return exp(a); }\n")
        self.assert_finds("needs exp,", "purity")

    def test_purity_finds_an_archive_that_is_not_built(self):
        self.built("checks/pure.txt", f"{self.build}/libear_none.a\n")
        self.assert_finds("not built", "purity")

    def hardening(self, *flags, code=PROGRAM, name="ear-x"):
        source = self.write("x.c", code)
        self.compile(*flags, source, "-o", self.build / "bin" / name)
        self.built("checks/programs.txt", f"{name}\n")
        self.built("CMakeCache.txt", "")

    def test_hardening_accepts_a_hardened_program(self):
        self.hardening(*HARDENED)
        self.assert_passes("hardening")

    def test_hardening_finds_a_fixed_address(self):
        self.hardening(*HARDENED, "-no-pie", "-fno-pie")
        self.assert_finds("not position independent", "hardening")

    def test_hardening_finds_lazy_binding(self):
        self.hardening(*HARDENED[:-1], "-Wl,-z,lazy")
        self.assert_finds("binds lazily", "hardening")

    def test_hardening_finds_an_executable_stack(self):
        self.hardening(*HARDENED, "-Wl,-z,execstack")
        self.assert_finds("executable stack", "hardening")

    def test_hardening_finds_missing_protections_in_code(self):
        self.hardening("-O0", "-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", *HARDENED[6:])
        self.assert_finds("no stack protector", "hardening")
        self.assert_finds("no fortified libc call", "hardening")

    def test_hardening_finds_dlopen_and_a_run_path(self):
        self.hardening(*HARDENED, "-Wl,-rpath,/opt", code="#include <dlfcn.h>\n" + PROGRAM.replace(
            "    char", "    if (argc > 9) dlopen(argv[1], RTLD_NOW);\n    char"))
        self.assert_finds("calls dlopen", "hardening")
        self.assert_finds("has a run path", "hardening")

    def test_hardening_finds_a_large_library_in_the_agent(self):
        self.hardening(*HARDENED, "-Wl,--no-as-needed", "-lcrypto", name="ear-agent")
        self.assert_finds("needs libcrypto", "hardening")

    def test_hardening_finds_the_forbidden_call(self):
        self.hardening(*HARDENED, code=PROGRAM.replace("%s", "Terminate" + "Instances %s"))
        self.assert_finds("ear-x: names Terminate" + "Instances", "hardening")

    def coverage(self, states=(), leave_out=""):
        lines = []
        changed = dict(states)
        for prefix, last in ROWS:
            for row in range(1, last + 1):
                name = f"{prefix}{row}"
                if name != leave_out:
                    lines.append(f"| {name} | what | " + changed.get(name, "not yet | |") + " |")
        page = self.write("docs/coverage.md", "\n".join(lines) + "\n")
        return page, self.built("names", "unit.base.text.x\nunit.base.text.y\n")

    def test_coverage_accepts_a_whole_page(self):
        self.assert_passes("coverage", *self.coverage({"R1": "works | `unit.base.text` |"}))

    def test_coverage_finds_a_missing_row(self):
        self.assert_finds("no row F17", "coverage", *self.coverage(leave_out="F17"))

    def test_coverage_finds_a_test_that_does_not_exist(self):
        self.assert_finds("no test is called unit.none", "coverage",
                          *self.coverage({"S3": "works | `unit.none` |"}))

    def test_coverage_finds_a_claim_without_a_test(self):
        self.assert_finds("'works' names no test", "coverage", *self.coverage({"7": "works | |"}))

    def test_coverage_finds_a_gap_without_a_reason(self):
        self.assert_finds("needs a note", "coverage", *self.coverage({"7": "not applicable | |"}))

    def test_coverage_finds_an_unknown_state(self):
        self.assert_finds("state 'mostly'", "coverage", *self.coverage({"7": "mostly | |"}))

    def test_words_finds_notes_paths_and_dead_links(self):
        self.write("docs/page.md", "All is well: [here](page.md).\n")
        self.assert_passes("words")
        self.write("docs/page.md", "See [there](none.md).\n")
        self.assert_finds("dead link: none.md", "words")
        self.write("docs/page.md", "TO" + "DO: later\n")
        self.assert_finds("a note to self", "words")
        self.write("docs/page.md", "It lies in /ho" + "me/somebody/ear.\n")
        self.assert_finds("a path of one machine", "words")

    def whole(self, missing="", entries=("test_x_y",)):
        source = self.write("tests/unit/x/test_y.c", "int y;\n")
        self.built("checks/missing.txt", missing)
        self.built("compile_commands.json", json.dumps([{"file": str(source)}]))
        return self.built("entries", json.dumps({"tests": [{"command": ["/bin/" + name]} for name in entries]}))

    def test_whole_finds_what_is_left_out(self):
        self.assert_passes("whole", self.whole())
        self.assert_finds("test_z.c: named in a CMakeLists.txt", "whole", self.whole(missing="test_z.c\n"))
        self.assert_finds("no ctest entry runs a case", "whole", self.whole(entries=()))
        self.write("common/x/forgotten.c", "")
        self.assert_finds("forgotten.c: nothing compiles it", "whole", self.whole())
        self.write("tests/functional/x/test_x.py", "")
        self.assert_finds("test_x.py: no ctest entry runs it", "whole", self.whole())

    def tidy(self, code):
        source = self.write("common/x/x.c", code)
        command = f"cc -std=c17 -o x.o -c {source}"
        self.built("build.ninja", "rule cc\n  command = cc -std=c17 -MD -MF $out.d -o $out -c $in\n"
                                  f"  deps = gcc\n  depfile = $out.d\nbuild x.o: cc {source}\n")
        self.built("compile_commands.json", json.dumps(
            [{"directory": str(self.build), "command": command, "file": str(source)}]))
        subprocess.run(["ninja", "-C", self.build], check=True, stdout=subprocess.DEVNULL)

    def test_tidy_finds_a_null_dereference_each_time(self):
        self.tidy("int x(const int *at);\nint x(const int *at) {\n    if (at) return 1;\n    return *at;\n}\n")
        self.assert_finds("clang-analyzer-core.NullDereference", "tidy")
        self.assert_finds("clang-analyzer-core.NullDereference", "tidy")

    def test_tidy_remembers_a_pass_until_the_file_changes(self):
        self.tidy("int x(void);\nint x(void) {\n    return 1;\n}\n")
        self.assert_passes("tidy")
        self.assertEqual(len(list((self.source / "build" / "tidy").iterdir())), 1)
        self.tidy("int X(void);\nint X(void) {\n    return 1;\n}\n")
        self.assert_finds("readability-identifier-naming", "tidy")


if __name__ == "__main__":
    unittest.main()
