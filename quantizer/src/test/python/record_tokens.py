"""Records the token ids that Hugging Face's tokenizers gives for tricky.py.

    python record_tokens.py CHECKPOINT_DIR TOKENS.json

A checkpoint with tokenizer.json is read by the tokenizers library itself; one with only tokenizer.model is first turned
into one by transformers, as AutoTokenizer does. "plain" leaves out what the tokenizer puts around a text, "whole" has it.
"""
import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

from tricky import TEXTS


def load(checkpoint: Path) -> Tokenizer:
    if (checkpoint / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    from transformers import AutoTokenizer
    return AutoTokenizer.from_pretrained(checkpoint).backend_tokenizer


def main() -> None:
    tokenizer = load(Path(sys.argv[1]))
    cases = [{"text": text,
              "plain": tokenizer.encode(text, add_special_tokens=False).ids,
              "whole": tokenizer.encode(text, add_special_tokens=True).ids} for text in TEXTS]
    Path(sys.argv[2]).write_text(
        "[\n" + ",\n".join(json.dumps(c, ensure_ascii=True) for c in cases) + "\n]\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
