import subprocess
import sys


def test_no_full_collection_comes_by_itself() -> None:
    code = (
        "import gc\n"
        "from line_tui.tui import garbage\n"
        "garbage.collect_on_request()\n"
        "full = []\n"
        "gc.callbacks.append(lambda phase, info: full.append(1) if info['generation'] == 2 else None)\n"
        "kept = []\n"
        "for n in range(300_000):\n"
        "    kept.append([])\n"
        "by_itself = len(full)\n"
        "gc.collect()\n"
        "print(by_itself, len(full) > by_itself, gc.get_freeze_count() > 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 True True\n"
