"""`SentencePieceText` and `NBestSentencePieceText` as classes of protobuf."""

from __future__ import annotations

from toksmith.compat.sentencepiece.messages import messages

SentencePieceText, NBestSentencePieceText = messages(
    "sentencepiece.proto",
    {
        "SentencePieceText": [
            ("text", 1, "string"),
            ("pieces", 2, "*SentencePieceText.SentencePiece"),
            ("score", 3, "float"),
        ],
        "SentencePieceText.SentencePiece": [
            ("piece", 1, "string"),
            ("id", 2, "uint32"),
            ("surface", 3, "string"),
            ("begin", 4, "uint32"),
            ("end", 5, "uint32"),
        ],
        "NBestSentencePieceText": [("nbests", 1, "*SentencePieceText")],
    },
)
