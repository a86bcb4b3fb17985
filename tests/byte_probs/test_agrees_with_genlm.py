"""The law of all tokenizations, without a beam, is that of genlm-bytes with one of no limit.

Its sums are in float32, so they agree to 1e-4. `TOKSMITH_GENLM_PYTHON` names a Python that has
genlm-bytes; without one the test is skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from byte_probs import genlm_beam
from byte_probs.toys import byte_bpe
from testdata import need
from toksmith.byte_probs import ByteState

MERGES = 300
PROMPTS = [
    b" the", b"in the re", b" and then", b"the other", b"hello wo", b"    ation", b"aaaaaaaa",
    "\u00e9\u00e8 \u4e2d".encode(), b"\xff\x00\xe2\x80\xe2", b"1999 .\n\n", b"",
]  # fmt: skip


def test_all_tokenizations_agree_with_an_unlimited_beam() -> None:
    python = os.environ.get("TOKSMITH_GENLM_PYTHON")
    if not python:
        pytest.skip("needs a Python with genlm-bytes, named by TOKSMITH_GENLM_PYTHON")
    model = json.loads(need("vocabs/gpt2/tokenizer.json").read_text("utf-8"))["model"]
    merges = [
        (left, right)
        for merge in model["merges"][:MERGES]
        for left, right in [merge.split(" ") if isinstance(merge, str) else merge]
    ]
    tokenizer, tokens = byte_bpe(merges)
    width, end = len(tokenizer), tokens.specials[0]
    spelled = [tokens.spelled.get(at, b"<end>") for at in range(width)]
    job = {
        "tokens": [token.hex() for token in spelled],
        "end": end,
        "prompts": [prompt.hex() for prompt in PROMPTS],
    }
    found = subprocess.run(
        [python, str(Path(genlm_beam.__file__))],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    worst = {"next": 0.0, "prefix": 0.0}
    most = 0
    for prompt, answers in zip(PROMPTS, json.loads(found.stdout), strict=True):
        state = ByteState(tokenizer, "all", prefix=[end])
        for at, answer in enumerate(answers):
            while contexts := state.pending(total=True):
                rows = [genlm_beam.logits(list(one.tokens), width) for one in contexts]
                state.feed_many(contexts, np.array(rows))
            most = max(most, state.contexts)
            own, theirs = np.exp(state.next_byte()), np.exp(np.array(answer["next"]))
            assert own.shape == (257,)
            np.testing.assert_allclose(own, theirs, atol=1e-4, err_msg=f"{prompt!r} at {at}")
            prefix = state.logprob()
            assert prefix == pytest.approx(answer["prefix"], abs=1e-4), f"{prompt!r} at {at}"
            worst["next"] = max(worst["next"], float(np.abs(own - theirs).max()))
            worst["prefix"] = max(worst["prefix"], abs(prefix - answer["prefix"]))
            if at < len(prompt):
                state.push(prompt[at])
    assert most > 50
    print(f"at most {most} contexts; largest difference {worst}")
