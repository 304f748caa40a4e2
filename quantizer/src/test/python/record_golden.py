"""Runs llama.cpp's own converter on a checkpoint and records what it wrote.

    python record_golden.py LLAMA_CPP_DIR CHECKPOINT_DIR GOLDEN.json --outtype f16 [--pre NAME] [--gguf OUT.gguf]

LLAMA_CPP_DIR is a checkout of the pinned llama.cpp version; its convert_hf_to_gguf.py runs unchanged except for one
function when --pre is given: the reference names a byte-level BPE pre-tokenizer by a hash of sample tokens and so
refuses every tokenizer that it has not seen; --pre says the name that belongs to the definition in tokenizer.json.

The record: SHA-256 of the whole file, every metadata pair (long arrays as the SHA-256 of their encoded payload) and for
each tensor its type, shape (row length first) and the SHA-256 of its bytes, in file order.
"""
import argparse
import hashlib
import json
import struct
import sys
import tempfile
from pathlib import Path

LONG_ARRAY = 32


def convert(llama_cpp: Path, checkpoint: Path, out: Path, outtype: str, pre: str | None) -> None:
    sys.path.insert(0, str(llama_cpp))
    sys.path.insert(1, str(llama_cpp / "gguf-py"))
    import conversion
    import convert_hf_to_gguf

    if pre is not None:
        conversion.base.TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
    sys.argv = ["convert_hf_to_gguf.py", str(checkpoint), "--outtype", outtype, "--outfile", str(out)]
    convert_hf_to_gguf.main()


SIMPLE = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
NAMES = {0: "u8", 1: "i8", 2: "u16", 3: "i16", 4: "u32", 5: "i32", 6: "f32", 7: "bool", 8: "str", 9: "arr",
         10: "u64", 11: "i64", 12: "f64"}
TYPES = {0: ("F32", 4), 1: ("F16", 2), 30: ("BF16", 2)}


class Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, fmt: str):
        (value,) = struct.unpack_from("<" + fmt, self.data, self.at)
        self.at += struct.calcsize("<" + fmt)
        return value

    def text(self) -> str:
        n = self.take("Q")
        self.at += n
        return self.data[self.at - n:self.at].decode("utf-8", errors="surrogateescape")

    def value(self, kind: int):
        if kind == 8:
            return self.text()
        if kind == 9:
            item, n, start = self.take("I"), self.take("Q"), self.at
            values = [self.value(item) for _ in range(n)]
            if n > LONG_ARRAY:
                return {"type": NAMES[item], "count": n, "sha256": hashlib.sha256(self.data[start:self.at]).hexdigest()}
            return {"type": NAMES[item], "count": n, "values": values}
        # Floats are kept as bits: no decimal notation in between.
        return self.take("I" if kind == 6 else SIMPLE[kind])


def record(path: Path) -> dict:
    data = path.read_bytes()
    r = Reader(data)
    assert r.take("I") == 0x46554747 and r.take("I") == 3
    n_tensors, n_pairs = r.take("Q"), r.take("Q")
    metadata, tensors = [], []
    for _ in range(n_pairs):
        key = r.text()
        kind = r.take("I")
        metadata.append({"key": key, "type": NAMES[kind], "value": r.value(kind)})
    infos = []
    for _ in range(n_tensors):
        name = r.text()
        shape = [r.take("Q") for _ in range(r.take("I"))]
        infos.append((name, shape, r.take("I"), r.take("Q")))
    base = (r.at + 31) // 32 * 32
    for name, shape, kind, offset in infos:
        label, size = TYPES[kind]
        for n in shape:
            size *= n
        digest = hashlib.sha256(data[base + offset:base + offset + size]).hexdigest()
        tensors.append({"name": name, "type": label, "shape": shape, "sha256": digest})
    return {"sha256": hashlib.sha256(data).hexdigest(), "metadata": metadata, "tensors": tensors}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("llama_cpp", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("golden", type=Path)
    parser.add_argument("--outtype", required=True, choices=["f32", "f16", "bf16", "auto"])
    parser.add_argument("--pre")
    parser.add_argument("--gguf", type=Path, help="keep the converted file here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = args.gguf or Path(folder) / "out.gguf"
        convert(args.llama_cpp, args.checkpoint.resolve(), out, args.outtype, args.pre)
        golden = {"outtype": args.outtype, "pre": args.pre, **record(out)}
    args.golden.write_text(json.dumps(golden, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
