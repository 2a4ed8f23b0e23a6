"""Prompts that ask the language model for a concept: a few-shot form for small models, a chat form for others."""

from __future__ import annotations

from dataclasses import dataclass, field

from line_tui.events import Move
from line_tui.explain.ports import Prompt

GRAMMAR = r"""root ::= " "? word (" " word)? (" " word)? "\n"?
word ::= [a-z] [a-z] [a-z'-]*
"""
"""GBNF: one to three words in lower case."""


@dataclass(frozen=True)
class PromptConcept:
    """A concept that a prompt mentions, with its score."""

    concept: str
    score: float
    drives: float | None = None
    """AUC of its pictures; None if the prompt shows only the score."""


@dataclass(frozen=True)
class Request:
    """What the next proposal is based on."""

    move: Move
    shown: list[PromptConcept]
    """Concepts, best first."""
    left: list[str] = field(default_factory=list)
    """Concepts in the prompts of the strongest unexplained pictures."""
    rejected: list[tuple[str, str]] = field(default_factory=list)
    """Concepts that the user rejected, with the reason if one was given."""
    accepted: list[str] = field(default_factory=list)
    attempt: int = 0
    """Refused replies to this request so far."""


# A small base model follows patterns, not instructions, so each move has its own pattern. Of the forms tried for "new",
# continuing a short list of the best found the most hidden concepts; naming weak ones too found fewer, since the model
# continues those too. The same holds for rejected concepts: SmolLM2-135M proposed them 5 times in 96 when they were
# named with the reason, and never when they were not. The examples are concepts that hardly any neuron encodes.
_HEAD = """\
violin, trumpet, cello, drum, and also: flute
parliament, senate, ministry, and also: embassy
denim, velvet, linen, silk, and also: cotton
granite, marble, slate, and also: limestone
violin, trumpet, cello, each is a: musical instrument
denim, velvet, linen, each is a: fabric
granite, marble, slate, each is a: stone
one kind of musical instrument: clarinet
one kind of fabric: corduroy
one kind of office: embassy
denim and sleeve in one: denim jacket
granite and stairs in one: stone steps
cello, but something else: bass guitar
senate, but something else: court room

"""

_TAILS: dict[Move, str] = {
    "new": "{strong}, and also:",
    "summarise": "{strong}, each is a:",
    "generalise": "{strong}, each is a:",
    "specialise": "one kind of {best}:",
    "combine": "{best} and {second} in one:",
    "contrast": "{best}, but something else:",
}
_CONTINUED = 3
"""Concepts shown in the few-shot form; each retry starts the list one place lower."""

_TASKS: dict[Move, str] = {
    "new": "Propose one new concept that you expect to score higher than all of these.",
    "summarise": "Propose one more general concept that the best of these have in common.",
    "generalise": "Propose one more general concept that the best of these have in common.",
    "specialise": "Propose one more specific concept: a kind or a part of the best of these.",
    "combine": "Propose one concept that unites the two best of these in one picture.",
    "contrast": "Propose one concept that shares only some visible trait with the best of these, to test which "
    "trait counts.",
}

_SYSTEM = (
    "You help to find out which visible concept makes one neuron of a vision model respond. Concepts that were drawn "
    "and shown to the model are listed with the neuron's score; a higher score is a stronger response. Where two "
    "numbers are given, the first says how surely pictures of the concept drive the neuron (0.5 is chance, 1 is "
    "always), the second how much of all that drives the neuron the concept accounts for: high and low means too "
    "narrow, low and high too broad. Look for what the high ones share and the low ones lack. Reply with the concept "
    "alone: one to three English words in lower case, something that can be drawn, not one from the list."
)


def render(request: Request) -> Prompt:
    """Render a request in both forms. Raises ValueError if no concept is shown."""
    if not request.shown:
        raise ValueError("a proposal must be based on at least one concept")
    names = [one.concept for one in request.shown]
    turn = request.attempt % len(names)
    turned = names[turn:] + names[:turn]
    strong = list(dict.fromkeys([*turned[:_CONTINUED], *request.accepted[-1:]]))
    # The best comes last, where a small model pays the most attention.
    tail = _TAILS[request.move].format(
        strong=", ".join(reversed(strong)), best=turned[0], second=turned[1 % len(turned)]
    )
    both = any(one.drives is not None for one in request.shown)
    lines = ["drives  accounts for  concept" if both else "score      concept"]
    lines += [_line(one) for one in request.shown]
    lines += [f"rejected   {concept}{': ' + reason if reason else ''}" for concept, reason in request.rejected]
    lines += [f"accepted   {concept}" for concept in request.accepted]
    if request.left:
        lines.append(f"\nStill unexplained, strongest first: {', '.join(request.left)}")
    user = "\n".join(lines) + "\n\n" + _TASKS[request.move]
    return Prompt(head=_HEAD, tail=tail, system=_SYSTEM, user=user, grammar=GRAMMAR)


def _line(one: PromptConcept) -> str:
    if one.drives is None:
        return f"{one.score:9.3f}  {one.concept}"
    return f"{one.drives:6.2f}  {max(one.score, 0) ** 2:11.0%}   {one.concept}"
