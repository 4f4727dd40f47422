"""C files are as clang-format with .clang-format writes them."""
import lint

files = lint.c_files(".c", ".h")
result = lint.run("clang-format", "--dry-run", "--Werror", "--ferror-limit=1", *files)
findings = [line for line in result.stdout.splitlines() if ": error:" in line]
if result.returncode and not findings:
    findings = [result.stdout]
lint.finish(findings, len(files), "C files")
