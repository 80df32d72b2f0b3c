"""The Python of docs/emulator-server.md: does it print what its comments say?

    snippet.py DOCUMENT SOCKET
"""

import contextlib
import io
import sys


def main(document, path):
    with open(document, encoding="utf-8") as file:
        _, _, rest = file.read().partition("```python\n")
    code, _, _ = rest.partition("```\n")
    assert '"/tmp/emu"' in code
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code.replace("/tmp/emu", path), document, "exec"), {})
    comments = [line.partition("#")[2] for line in code.splitlines() if line.startswith("ask(")]
    expected = [comment.partition(":")[0].replace(" ", "") for comment in comments]
    assert len(expected) == 4
    assert said.getvalue().split() == expected, (said.getvalue().split(), expected)
    print(f"  {len(expected)} answers, as the page has them")


main(*sys.argv[1:])
