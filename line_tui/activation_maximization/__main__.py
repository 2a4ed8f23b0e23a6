"""The process of `line-tui maximise`: it owns the model, which the command line's own process must not."""

from __future__ import annotations

import sys

import msgspec
from rich.progress import Progress

from line_tui.activation_maximization.comparison import Comparison, compare
from line_tui.activation_maximization.request import Request
from line_tui.consoles import PlainConsole
from line_tui.errors import LineError
from line_tui.offline import refuse_sockets
from line_tui.orphan import end_with_parent


def main() -> int:
    """Maximise what the first argument asks for."""
    request = msgspec.json.decode(sys.argv[1], type=Request)
    narration = PlainConsole(stderr=True)
    try:
        with Progress(console=narration, transient=True) as progress:
            bar = progress.add_task("gradient ascent", total=request.steps)
            found = compare(request, lambda step, steps: progress.update(bar, completed=step))
    except LineError as error:
        narration.tell(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print(msgspec.json.encode(found).decode() if request.output == "json" else _text(found))
    return 0


def _text(found: Comparison) -> str:
    lines = [f"{found.ascent:9.3f}  gradient ascent, {found.steps} steps: {found.picture}"]
    if found.generated is None:
        lines.append("no run of this neuron is stored: `line-tui explain` makes one")
    else:
        best = found.generated
        lines.append(
            f"{best.activation:9.3f}  best generated image, {best.concept!r} of run {best.run_id}: {best.path}"
        )
        lines.append(f"{best.control_mean:9.3f}  mean of the control set")
    if found.share is not None:
        lines.append(f"the generated image reaches {found.share:.0%} of the ascent's drive above the control")
    return "\n".join(lines)


if __name__ == "__main__":
    refuse_sockets()
    end_with_parent()
    sys.exit(main())
