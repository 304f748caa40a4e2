#!/usr/bin/env python3
"""Records which type llama-quantize (llama.cpp v0.5.0) chooses for every tensor of some model shapes.

    pip install gguf numpy
    python3 record_type_plans.py LLAMA_QUANTIZE OUT_DIR

For each shape a GGUF of zeros with a handful of rows a tensor is written and llama-quantize --dry-run is asked
for every preset, with and without an importance matrix. A file of OUT_DIR holds one shape:

    meta KEY TYPE VALUE        what the model file holds
    run ARGS                   one call: its arguments, "imatrix" for --imatrix FILE
    code LETTER TYPE           legend
    tensor NAME TYPE SHAPE CODES   row length first; one letter a run, in the runs' order, "!" where the run was refused
"""
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

PRESETS = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "Q2_K", "Q2_K_S", "Q3_K_S",
           "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS",
           "IQ2_S", "IQ2_M", "IQ3_XXS", "IQ3_XS", "IQ3_S", "IQ3_M", "IQ4_XS", "TQ1_0", "TQ2_0", "Q1_0", "Q2_0",
           "MXFP4_MOE", "COPY"]
OPTION_RUNS = [
    "--pure Q4_K_M",
    "--pure Q2_K",
    "--leave-output-tensor Q4_K_M",
    "--output-tensor-type q8_0 Q4_K_M",
    "--output-tensor-type f16 Q3_K_S",
    "--token-embedding-type q5_1 Q4_K_M",
    "--token-embedding-type q4_k --output-tensor-type q6_k Q8_0",
    "--token-embedding-type q4_0 F16",
    "--tensor-type attn_v=q8_0 Q4_K_M",
    "--tensor-type blk\\.[0-3]\\.ffn_down=q6_k --tensor-type ffn_down=q5_0 Q4_K_M",
    "--tensor-type ^blk\\.\\d*[13579]\\..*(up|gate)\\.weight$=iq4_nl Q4_0",
    "--tensor-type ATTN_[QK][.]=f16 Q5_K_S",
    "--tensor-type blk\\.[[:digit:]]\\.attn_q\\.=q3_k Q5_K_M",
    "--tensor-type token_embd=q2_k --token-embedding-type q8_0 Q4_K_S",
    "--tensor-type embd=q2_k --pure Q4_K_S",
    "--tensor-type output=q4_1 Q6_K",
    "--tensor-type norm=q4_0 Q6_K",
    "--tensor-type attn_v=q8_0 BF16",
]


class Shape:
    def __init__(self, name, arch, layers, heads, kv_heads, embd, extra=None, runs=None):
        self.name, self.arch = name, arch
        self.embd = embd
        self.meta = [("general.architecture", "str", arch), (f"{arch}.context_length", "u32", 512),
                     (f"{arch}.embedding_length", "u32", embd), (f"{arch}.block_count", "u32", layers),
                     (f"{arch}.feed_forward_length", "u32", 2 * embd)]
        self.meta += [(f"{arch}.attention.head_count", "u32s" if isinstance(heads, list) else "u32", heads)]
        if kv_heads is not None:
            self.meta += [(f"{arch}.attention.head_count_kv", "u32s" if isinstance(kv_heads, list) else "u32", kv_heads)]
        self.meta += [(f"{arch}.attention.layer_norm_rms_epsilon", "f32", 1e-5),
                      (f"{arch}.attention.layer_norm_epsilon", "f32", 1e-5)]
        self.meta += [(f"{arch}.{k}", t, v) for k, t, v in (extra or [])]
        self.runs = [f"{p}{i}" for i in ("", " imatrix") for p in PRESETS] + (runs or [])
        self.tensors = []

    def t(self, name, *ne, dtype="F16"):
        self.tensors.append((name, dtype if len(ne) > 1 else "F32", ne))
        return self

    def ends(self, tied, vocab=8, norms=("output_norm.weight",)):
        self.t("token_embd.weight", self.embd, vocab)
        if not tied:
            self.t("output.weight", self.embd, vocab)
        for n in norms:
            self.t(n, self.embd)
        return self

    def layers(self, n, *kinds, first=0):
        """kinds: (name, ne...)"""
        for i in range(first, first + n):
            for kind, *ne in kinds:
                self.t(f"blk.{i}.{kind}", *ne)
        return self


def dense(embd, q=None, kv=4, ff=None):
    ff = ff or 2 * embd
    return [("attn_norm.weight", embd), ("attn_q.weight", embd, 4), ("attn_k.weight", embd, kv), ("attn_v.weight", embd, kv),
            ("attn_output.weight", q or embd, 4), ("ffn_norm.weight", embd), ("ffn_gate.weight", embd, 4),
            ("ffn_up.weight", embd, 4), ("ffn_down.weight", ff, 4)]


def shapes():
    s = Shape("llama-gqa4-untied-32", "llama", 32, 8, 2, 512, runs=OPTION_RUNS)
    yield s.ends(False).t("rope_freqs.weight", 32).layers(32, *dense(512))
    s = Shape("llama-mha-tied-12", "llama", 12, 4, None, 256, runs=OPTION_RUNS)
    yield s.ends(True).layers(12, *dense(256))
    s = Shape("llama-smollm-30", "llama", 30, 9, 3, 576)
    yield s.ends(True).layers(30, *dense(576, ff=1536))
    s = Shape("llama-demo-6", "llama", 6, 4, 2, 256)
    yield s.ends(True).layers(6, *dense(256, ff=768))
    s = Shape("llama-70b-80", "llama", 80, 64, 8, 8192)
    yield s.ends(False).layers(80, ("attn_v.weight", 8192, 2), ("ffn_down.weight", 1024, 2), ("attn_output.weight", 512, 2))
    s = Shape("llama-65b-80", "llama", 80, 64, 64, 8192)
    yield s.ends(False).layers(80, ("attn_v.weight", 8192, 2), ("ffn_down.weight", 1024, 2))
    s = Shape("qwen2-tied-24", "qwen2", 24, 14, 2, 896)
    yield s.ends(True).layers(24, ("attn_q.bias", 896), ("attn_v.bias", 128), *dense(896, ff=4864))
    s = Shape("qwen2-72b-80", "qwen2", 80, 64, 8, 1024)
    yield s.ends(False).layers(80, ("attn_v.weight", 1024, 2), ("ffn_down.weight", 1024, 2))
    s = Shape("qwen3-28", "qwen3", 28, 16, 8, 1024, extra=[("attention.key_length", "u32", 128), ("attention.value_length", "u32", 128)])
    yield s.ends(True).layers(28, ("attn_q_norm.weight", 128), ("attn_k_norm.weight", 128), *dense(1024, q=2048))
    s = Shape("gemma3-26", "gemma3", 26, 4, 1, 1152, extra=[("attention.key_length", "u32", 256), ("attention.value_length", "u32", 256),
                                                            ("attention.sliding_window", "u32", 512)])
    yield s.ends(True).layers(26, ("post_attention_norm.weight", 1152), ("post_ffw_norm.weight", 1152), *dense(1152, q=1024, ff=6912))
    s = Shape("gemma3-untypical-rows-7", "gemma3", 7, 4, 1, 640, extra=[("attention.sliding_window", "u32", 512)])
    yield s.ends(True).layers(7, *dense(640, q=1024, ff=2048))
    s = Shape("mixtral-8-experts-32", "llama", 32, 32, 8, 1024, extra=[("expert_count", "u32", 8), ("expert_used_count", "u32", 2)])
    yield s.ends(False).layers(32, ("attn_q.weight", 1024, 4), ("attn_k.weight", 1024, 4), ("attn_v.weight", 1024, 4), ("attn_output.weight", 1024, 4),
                               ("ffn_gate_inp.weight", 1024, 8), ("ffn_gate_exps.weight", 1024, 4, 8), ("ffn_up_exps.weight", 1024, 4, 8),
                               ("ffn_down_exps.weight", 1024, 4, 8))
    s = Shape("qwen3moe-16", "qwen3moe", 16, 32, 4, 1024, extra=[("expert_count", "u32", 128), ("expert_used_count", "u32", 8),
                                                                  ("expert_feed_forward_length", "u32", 768)], runs=OPTION_RUNS)
    yield s.ends(False).layers(16, ("attn_q.weight", 1024, 4), ("attn_k.weight", 1024, 4), ("attn_v.weight", 1024, 4), ("attn_output.weight", 2048, 4),
                               ("ffn_gate_inp.weight", 1024, 128), ("ffn_gate_exps.weight", 1024, 2, 128), ("ffn_up_exps.weight", 1024, 2, 128),
                               ("ffn_down_exps.weight", 768, 2, 128))
    s = Shape("llama-4-split-experts-9", "llama", 9, 8, 8, 256, extra=[("expert_count", "u32", 4), ("expert_used_count", "u32", 2)])
    s.ends(False).layers(9, ("attn_v.weight", 256, 4), ("ffn_gate_inp.weight", 256, 4))
    for x in range(4):
        s.layers(9, (f"ffn_gate.{x}.weight", 256, 4), (f"ffn_up.{x}.weight", 256, 4), (f"ffn_down.{x}.weight", 512, 4))
    yield s
    s = Shape("deepseek2-lite-27", "deepseek2", 27, 16, 16, 512, extra=[
        ("expert_count", "u32", 64), ("expert_used_count", "u32", 6), ("expert_shared_count", "u32", 2), ("expert_feed_forward_length", "u32", 1408),
        ("leading_dense_block_count", "u32", 1), ("attention.kv_lora_rank", "u32", 512), ("attention.key_length", "u32", 192),
        ("attention.value_length", "u32", 128), ("rope.dimension_count", "u32", 64)])
    s.ends(False).layers(1, ("ffn_gate.weight", 512, 4), ("ffn_up.weight", 512, 4), ("ffn_down.weight", 1024, 4))
    s.layers(26, ("ffn_gate_inp.weight", 512, 4), ("ffn_gate_exps.weight", 512, 2, 4), ("ffn_down_exps.weight", 1408, 2, 4),
             ("ffn_down_shexp.weight", 2816, 2), ("exp_probs_b.bias", 64), first=1)
    yield s.layers(27, ("attn_q.weight", 512, 4), ("attn_kv_a_mqa.weight", 512, 4), ("attn_kv_b.weight", 512, 4), ("attn_kv_a_norm.weight", 512),
                   ("attn_output.weight", 2048, 4))
    s = Shape("falcon-qkv-32", "falcon", 32, 71, 1, 4544)
    yield s.ends(False).layers(32, ("attn_qkv.weight", 1024, 2), ("attn_output.weight", 1024, 2), ("ffn_up.weight", 1024, 2), ("ffn_down.weight", 1024, 2))
    s = Shape("phi3-qkv-16", "phi3", 16, 32, 32, 3072, extra=[("rope.dimension_count", "u32", 96)])
    yield s.ends(False).layers(16, ("attn_qkv.weight", 3072, 2), ("attn_output.weight", 3072, 2), ("ffn_up.weight", 3072, 2), ("ffn_down.weight", 2048, 2))
    s = Shape("gpt2-positions-12", "gpt2", 12, 12, None, 768)
    yield s.ends(True).t("position_embd.weight", 768, 8).layers(12, ("attn_qkv.weight", 768, 2), ("attn_qkv.bias", 768), ("attn_output.weight", 768, 2),
                                                               ("ffn_up.weight", 768, 2), ("ffn_down.weight", 3072, 2))
    s = Shape("gemma3n-30", "gemma3n", 30, 8, 2, 2048, extra=[("attention.sliding_window", "u32", 512)], runs=OPTION_RUNS[5:8] + [
        "--tensor-type per_layer_token=q2_k --token-embedding-type q8_0 Q4_K_M"])
    s.ends(True).t("per_layer_token_embd.weight", 256, 8).t("per_layer_model_proj.weight", 2048, 4).t("altup_proj.weight", 256, 4, 3)
    yield s.layers(30, ("attn_v.weight", 2048, 2), ("ffn_down.weight", 2048, 2), ("laurel_l.weight", 2048, 4), ("altup_router.weight", 2048, 4), ("inp_gate.weight", 2048, 4))
    s = Shape("mamba-24", "mamba", 24, 0, None, 768, extra=[("ssm.conv_kernel", "u32", 4), ("ssm.inner_size", "u32", 1536), ("ssm.state_size", "u32", 16),
                                                           ("ssm.time_step_rank", "u32", 48)])
    yield s.ends(True).layers(24, ("ssm_in.weight", 768, 4), ("ssm_conv1d.weight", 4, 1536), ("ssm_x.weight", 1536, 4), ("ssm_dt.weight", 48, 4), ("ssm_out.weight", 1536, 4))
    s = Shape("odd-rows-8", "llama", 8, 2, 1, 160).t("short", 64, 2)
    yield s.ends(True).layers(8, ("attn_q.weight", 160, 3), ("attn_v.weight", 33, 3), ("ffn_down.weight", 100, 3), ("ffn_up.weight", 288, 3), ("attn_k.weight", 64, 1),
                              ("short", 64, 2), ("odd.scale", 64, 2))
    s = Shape("head-counts-by-layer-8", "llama", 8, [8, 4, 4, 4, 4, 4, 4, 4], [2, 4, 4, 4, 4, 4, 4, 4], 512)
    yield s.ends(True).layers(8, ("attn_v.weight", 512, 2), ("ffn_down.weight", 512, 2))
    s = Shape("bf16-and-f32-source-9", "llama", 9, 8, 8, 256)
    s.ends(False)
    for i in range(9):
        s.t(f"blk.{i}.attn_v.weight", 256, 2, dtype="BF16" if i % 2 else "F32").t(f"blk.{i}.ffn_down.weight", 256, 2, dtype="BF16")
    yield s


SIZE = {"F32": 4, "F16": 2, "BF16": 2}


def write(shape, path):
    w = gguf.GGUFWriter(path, shape.arch)
    for k, t, v in shape.meta:
        if k == "general.architecture":
            continue
        if t == "u32s":
            w.add_array(k, v)
        else:
            {"u32": w.add_uint32, "f32": w.add_float32, "str": w.add_string}[t](k, v)
    for name, dtype, ne in shape.tensors:
        raw = gguf.GGMLQuantizationType[dtype]
        data = np.zeros(tuple(reversed(ne)), dtype=np.float32 if dtype == "F32" else np.float16)
        w.add_tensor(name, data, raw_dtype=raw if dtype == "BF16" else None)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def imatrix(path):
    name = b"blk.0.attn_q.weight"
    path.write_bytes(struct.pack("<ii", 1, len(name)) + name + struct.pack("<iif", 1, 1, 1.0))


LINE = re.compile(r"^\[ *\d+/ *\d+\] +(\S+) +- \[.*?\], type = +(\S+), size = .*?(?:\((\S+)\))?$")


def dry_run(tool, model, args):
    out = subprocess.run([tool, "--dry-run", *args[:-1], str(model), args[-1]], capture_output=True, text=True)
    if "no tensor type fallback is defined" in out.stdout + out.stderr:
        return None
    if out.returncode:
        sys.exit(f"{args}: {out.stdout}{out.stderr}")
    types = {}
    for line in (out.stdout + out.stderr).splitlines():
        m = LINE.match(line)
        if m:
            types[m[1]] = (m[3] or m[2]).upper()
    return types


def main():
    tool, out = sys.argv[1], Path(sys.argv[2])
    for shape in shapes():
        with tempfile.TemporaryDirectory() as tmp:
            model, im = Path(tmp) / "model.gguf", Path(tmp) / "imatrix.dat"
            write(shape, model)
            imatrix(im)
            runs = []
            for run in shape.runs:
                args = run.split()
                if args[-1] == "imatrix":
                    args = ["--imatrix", str(im)] + args[:-1]
                runs.append(dry_run(tool, model, args))
                if runs[-1] is not None and len(runs[-1]) != len(shape.tensors):
                    sys.exit(f"{shape.name} {run}: {len(runs[-1])} of {len(shape.tensors)} tensors")
        kinds = sorted({t for r in runs if r for t in r.values()})
        code = {t: chr(ord("a") + i) for i, t in enumerate(kinds)}
        with open(out / f"{shape.name}.txt", "w") as f:
            f.write("# Recorded by record_type_plans.py from llama-quantize --dry-run, llama.cpp v0.5.0.\n")
            for k, t, v in shape.meta:
                f.write(f"meta {k} {t} {','.join(map(str, v)) if isinstance(v, list) else v}\n")
            for r in shape.runs:
                f.write(f"run {r}\n")
            for t, c in code.items():
                f.write(f"code {c} {t}\n")
            for name, dtype, ne in shape.tensors:
                f.write(f"tensor {name} {dtype} {','.join(map(str, ne))} {''.join(code[r[name]] if r else '!' for r in runs)}\n")
        print(shape.name, len(shape.tensors), "tensors", len(runs), "runs")


main()
