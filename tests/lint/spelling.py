"""codespell over all text; words it must leave alone stand in spelling.txt."""
import lint

# Captured bytes and corpora are data, not prose; LICENSE is not ours to change.
SKIPPED = ("tests/vectors/", "tests/fuzz/", "LICENSE", "aggregator/predict/model_table")


def is_text(name):
    with open(lint.SOURCE / name, "rb") as file:
        return b"\0" not in file.read(4096)


files = [name for name in lint.project_files()
         if not (name.startswith(SKIPPED) or "/corpus/" in name or "/fixtures/" in name) and is_text(name)]
result = lint.run("codespell", "--ignore-words", "tests/lint/spelling.txt", *files)
lint.finish(result.stdout.splitlines(), len(files), "files")
