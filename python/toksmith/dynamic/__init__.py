"""Token boundaries decided at run time."""

__all__: list[str] = []
