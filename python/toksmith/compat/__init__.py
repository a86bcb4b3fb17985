"""Other libraries' interfaces over this one: change the import, and nothing else.

    >>> import toksmith.compat.tiktoken as tiktoken
    >>> tiktoken.get_encoding("o200k_base").encode("Hello, world!")
    [13225, 11, 2375, 0]

Each module keeps its library's names, defaults and exceptions, at the version its header names.
What is not supported raises `toksmith.UnsupportedFeature`; no argument is ignored.
"""
