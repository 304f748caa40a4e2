"""Records what pieces of llama.cpp's converter give, for tests of their counterparts.

    python record_units.py LLAMA_CPP_DIR OUT_DIR

names.json: components of model ids; sizes.json: size labels; rope.json: Llama 3.1's frequency divisors as float bits.
"""
import json
import math
import struct
import sys
from pathlib import Path

IDS = """meta-llama/Llama-3.1-8B-Instruct SmolLM2-135M smollm2-135m-instruct-v0.2 Qwen/Qwen2.5-0.5B-Instruct Qwen3-0.6B
google/gemma-3-270m-it TinyLlama/TinyLlama-1.1B-Chat-v1.0 mistralai/Mistral-7B-Instruct-v0.3 demo Demo-Model ./local
../up/one org/a/b bloom-7b1 phi-3-mini-128k-instruct model-F16 x-Q4_K_M Mixtral-8x7B-v0.1 falcon-180B-chat yi-34b-200K
a--b -lead trail- v2 1.5 llama-2-7b-hf CodeLlama-7b-Python-hf deepseek-coder-1.3b-base Iter-iter3-2B some-large-7B big-xxl
1B-model 7b straße-Groß-1m Foo-3.3e6 granite-3.0-2b-A800M qwen2.5-coder-1_5b model-1.0.2-beta.3 42 4x2 STORY-260K""".split()
PARAMETERS = [0, 5_800_000, 135_000_000, 7_000_000_000, 90_000]
SIZES = [0, 1, 9, 99, 999, 1000, 9_949, 9_950, 9_951, 65_536, 99_499, 99_500, 999_499, 999_999, 1_000_000, 1_000_001,
         1_050_000, 5_792_000, 9_949_999, 9_950_000, 10_500_000, 134_515_008, 999_999_999, 1_235_814_400, 8_030_261_248,
         405_853_388_800, 10**12, 10**12 + 1, 15 * 10**11]
ROPES = [  # head size, base, factor, low, high, original context
    (128, 500000.0, 8.0, 1.0, 4.0, 8192), (64, 500000.0, 32.0, 1.0, 4.0, 8192), (128, 500000.0, 32.0, 1.0, 4.0, 8192),
    (16, 500000.0, 8.0, 1.0, 4.0, 128), (80, 10000.0, 4.0, 1.0, 4.0, 4096), (96, 1000000.0, 16.0, 1.0, 4.0, 8192),
    (128, 2000000.0, 8.0, 1.0, 4.0, 16384)]


def factors(dim, base, factor, low, high, context):
    import torch
    freqs = 1.0 / (base ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
    out = []
    for freq in freqs:
        wavelen = 2 * math.pi / freq
        if wavelen < context / high:
            out.append(1)
        elif wavelen > context / low:
            out.append(factor)
        else:
            smooth = (context / wavelen - low) / (high - low)
            out.append(1 / ((1 - smooth) / factor + smooth))
    return torch.tensor(out, dtype=torch.float32).tolist()


def main() -> None:
    sys.path.insert(0, str(Path(sys.argv[1]) / "gguf-py"))
    import gguf

    out = Path(sys.argv[2])
    names = [{"id": i, "parameters": p, "parts": gguf.Metadata.get_model_id_components(i, p),
              "title": gguf.Metadata.id_to_title(i)} for i in IDS for p in PARAMETERS]
    sizes = [{"parameters": n, "label": gguf.size_label(n, n, 0, 0)} for n in SIZES]
    ropes = [{"head": r[0], "base": r[1], "factor": r[2], "low": r[3], "high": r[4], "context": r[5],
              "bits": [struct.unpack("<I", struct.pack("<f", f))[0] for f in factors(*r)]} for r in ROPES]
    for name, value in (("names", names), ("sizes", sizes), ("rope", ropes)):
        text = "[\n" + ",\n".join(json.dumps(v) for v in value) + "\n]\n"
        (out / f"{name}.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
