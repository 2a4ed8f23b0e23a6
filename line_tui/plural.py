"""Numbers with their nouns."""


def counted(number: int, one: str, many: str = "") -> str:
    """A number and its noun: "1 run", "2 runs"; `many` is a plural that does not end in s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
