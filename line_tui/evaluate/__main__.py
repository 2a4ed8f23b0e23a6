"""The process of `line-tui evaluate`: it owns the models, which the command line's own process must not.

Its one argument is the request as JSON; stdout is data, stderr narration, the exit code that of the error.
"""

from __future__ import annotations

import sys

import msgspec

from line_tui.consoles import PlainConsole
from line_tui.errors import LineError
from line_tui.evaluate.measuring import evaluate
from line_tui.evaluate.printing import print_report
from line_tui.evaluate.request import Request
from line_tui.offline import refuse_sockets
from line_tui.orphan import end_with_parent


def main() -> int:
    """Evaluate what the first argument asks for."""
    request = msgspec.json.decode(sys.argv[1], type=Request)
    narration = PlainConsole(stderr=True)
    try:
        report = evaluate(request, narration.tell)
    except LineError as error:
        narration.tell(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print_report(report, request.output, narration)
    return 0


if __name__ == "__main__":
    refuse_sockets()
    end_with_parent()
    sys.exit(main())
