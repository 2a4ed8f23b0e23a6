"""The method: concepts, scores, proposals and the loop. Uses no torch, no Textual and no files.

The package is also callable: `line_tui.explain(model, layer, neuron)`; see `line_tui.api`.
"""

import sys

from line_tui.callable_module import CallableModule

sys.modules[__name__].__class__ = CallableModule
