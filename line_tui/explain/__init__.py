"""The method: concepts, scores, proposals and the loop. No torch, no textual, no files.

Called, `line_tui.explain(model, layer, neuron)` explains neurons: see `line_tui.api`.
"""

import sys

from line_tui.called import CalledModule

sys.modules[__name__].__class__ = CalledModule
