"""Makes the small checkpoints under src/test/resources/org/kvant/convert/checkpoints.

    python make_checkpoints.py OUT_DIR

Needs torch, safetensors, tokenizers and sentencepiece. Weights are random; tokenizers are trained on corpus.py. One
checkpoint for each thing that conversion has to get right; the comments say which.
"""
import io
import json
import sys
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from corpus import lines

HIDDEN, FF, LAYERS, HEADS, KV_HEADS = 32, 64, 2, 4, 2

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
          r"\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
TEKKEN = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*|"
          r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CHATML = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
          "'<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")


def write(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def weights(dtype, vocab, *, q_bias=False, o_bias=False, qk_norm=False, gemma=False, tied=True, head_dim=None,
            prefix="model.", seed=1):
    gen = torch.Generator().manual_seed(seed)
    head_dim = head_dim or HIDDEN // HEADS

    def random(*shape, mean=0.0, std=0.08):
        return (torch.randn(*shape, generator=gen) * std + mean).to(dtype)

    norm = 0.0 if gemma else 1.0
    t = {prefix + "embed_tokens.weight": random(vocab, HIDDEN), prefix + "norm.weight": random(HIDDEN, mean=norm)}
    for i in range(LAYERS):
        p = f"{prefix}layers.{i}."
        for name, rows in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            t[p + f"self_attn.{name}_proj.weight"] = random(rows * head_dim, HIDDEN)
            if q_bias:
                t[p + f"self_attn.{name}_proj.bias"] = random(rows * head_dim)
        t[p + "self_attn.o_proj.weight"] = random(HIDDEN, HEADS * head_dim)
        if o_bias:
            t[p + "self_attn.o_proj.bias"] = random(HIDDEN)
        if qk_norm or gemma:
            t[p + "self_attn.q_norm.weight"] = random(head_dim, mean=norm)
            t[p + "self_attn.k_norm.weight"] = random(head_dim, mean=norm)
        t[p + "mlp.gate_proj.weight"] = random(FF, HIDDEN)
        t[p + "mlp.up_proj.weight"] = random(FF, HIDDEN)
        t[p + "mlp.down_proj.weight"] = random(HIDDEN, FF)
        t[p + "input_layernorm.weight"] = random(HIDDEN, mean=norm)
        t[p + "post_attention_layernorm.weight"] = random(HIDDEN, mean=norm)
        if gemma:
            t[p + "pre_feedforward_layernorm.weight"] = random(HIDDEN, mean=norm)
            t[p + "post_feedforward_layernorm.weight"] = random(HIDDEN, mean=norm)
    if not tied:
        t["lm_head.weight"] = random(vocab, HIDDEN)
    # Values at which narrowing must round: ties, subnormal halves, and beyond the largest half.
    t[prefix + "embed_tokens.weight"][0, :8] = torch.tensor(
        [1.00048828125, 1.001464843750, 5.9604645e-08, 3e-08, 6.1e-05, 1.00390625, 1.01171875, -0.0]).to(dtype)
    return t


def config(arch, model_type, vocab, dtype, **more):
    return {
        "architectures": [arch], "model_type": model_type, "hidden_size": HIDDEN, "intermediate_size": FF,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "vocab_size": vocab, "torch_dtype": dtype, **more}


def byte_level(vocab, pre, specials, *, ignore_merges=False, normalizer=None):
    tok = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tok.pre_tokenizer = pre
    if normalizer is not None:
        tok.normalizer = normalizer
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab, special_tokens=specials, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tok.train_from_iterator(lines(), trainer)
    return tok


def split(regex):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(regex), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def template(bos, bos_id, eos=None, eos_id=None):
    single = f"{bos} $A" + (f" {eos}" if eos else "")
    pair = f"{bos} $A" + (f" {eos}" if eos else "") + f" {bos}:1 $B:1" + (f" {eos}:1" if eos else "")
    return processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(bos, bos_id)] + ([(eos, eos_id)] if eos else []))


def decoder(tok):
    return {str(i): {"content": t.content, "lstrip": t.lstrip, "normalized": t.normalized, "rstrip": t.rstrip,
                     "single_word": t.single_word, "special": t.special}
            for i, t in sorted(tok.get_added_tokens_decoder().items())}


def sentencepiece_model(vocab, specials=(), *, dummy_prefix=True, bos=1, eos=2, pad=-1, unk=0):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(line for text in lines() for line in text.split("\n") if line), model_writer=out,
        vocab_size=vocab, model_type="bpe", byte_fallback=True, normalization_rule_name="identity",
        add_dummy_prefix=dummy_prefix, remove_extra_whitespaces=False, split_digits=True, character_coverage=0.985,
        allow_whitespace_only_pieces=True, num_threads=1, bos_id=bos, eos_id=eos, pad_id=pad, unk_id=unk,
        bos_piece="<s>" if bos == 1 else "<bos>", eos_piece="</s>" if eos == 2 else "<eos>",
        user_defined_symbols=list(specials), minloglevel=2)
    return out.getvalue()


def llama3(out):
    """Two shards, BF16, untied; Llama 3.1's rope scaling; BOS by template; chat_template.jinja; a full model card."""
    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|im_start|>", "<|im_end|>"]
    tok = byte_level(400, split(LLAMA3), specials, ignore_merges=True)
    ids = {s: tok.token_to_id(s) for s in specials}
    tok.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False), template("<|begin_of_text|>", ids["<|begin_of_text|>"])])
    tok.save(str(out / "tokenizer.json"))
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>",
        "model_max_length": 1000000000000000019884624838656, "clean_up_tokenization_spaces": True,
        "added_tokens_decoder": decoder(tok)})
    write(out / "chat_template.jinja", "{{ bos_token }}\r\n{% for m in messages %}{{ m['content'] }}{% endfor %}\n")
    write(out / "config.json", config(
        "LlamaForCausalLM", "llama", 400, "bfloat16", tie_word_embeddings=False, rope_theta=500000.0, head_dim=16,
        bos_token_id=ids["<|begin_of_text|>"], eos_token_id=[ids["<|end_of_text|>"], ids["<|eot_id|>"]],
        rope_scaling={"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                      "original_max_position_embeddings": 128, "rope_type": "llama3"}))
    write(out / "generation_config.json", {
        "temperature": 0.6, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.05, "do_sample": True,
        "eos_token_id": [ids["<|end_of_text|>"], ids["<|eot_id|>"]]})
    write(out / "README.md", "---\nlicense: llama3.1\nlicense_name: the-licence\nlanguage:\n- en\n- no\ntags:\n- tiny\n"
          "- test\npipeline_tag: text-generation\nmodel_name: Tiny Llama Three\nmodel_creator: Somebody\n---\n# A page\n")
    tensors = weights(torch.bfloat16, 400, tied=False, head_dim=16, seed=3)
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, part in parts.items():
        save_file({n: tensors[n] for n in part}, out / file, metadata={"format": "pt"})
    write(out / "model.safetensors.index.json", {
        "metadata": {"total_size": sum(t.numel() * t.element_size() for t in tensors.values())},
        "weight_map": {n: f for f, part in parts.items() for n in part}})


def smollm(out):
    """SmolLM's digits and byte-level split, F16, tied, attention biases (whose rows are reordered too)."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tok = byte_level(384, pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]), specials)
    tok.add_tokens([AddedToken("<think>", normalized=False), AddedToken("tool call", normalized=True)])
    tok.save(str(out / "tokenizer.json"))
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "GPT2Tokenizer", "add_prefix_space": False, "bos_token": "<|im_start|>",
        "eos_token": {"__type": "AddedToken", "content": "<|im_end|>", "special": True}, "unk_token": "<|endoftext|>",
        "added_tokens_decoder": decoder(tok), "chat_template": CHATML})
    write(out / "config.json", config(
        "LlamaForCausalLM", "llama", 390, "float16", tie_word_embeddings=True, attention_bias=True, rope_theta=100000.0,
        bos_token_id=1, eos_token_id=2, _name_or_path="someorg/Smol-Thing-0.03M-Instruct-v0.2"))
    save_file(weights(torch.float16, 390, q_bias=True, o_bias=True, seed=4), out / "model.safetensors")


def qwen2(out):
    """F32, biases, YaRN, NFC normalizer, chat templates as a list, more rows than tokens, merges as strings."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tok = byte_level(384, split(QWEN2), specials, normalizer=normalizers.NFC())
    data = json.loads(tok.to_str())
    data["model"]["merges"] = [" ".join(m) for m in data["model"]["merges"]]
    write(out / "tokenizer.json", data)
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "add_bos_token": False,
        "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "added_tokens_decoder": decoder(tok),
        "chat_template": [{"name": "default", "template": CHATML}, {"name": "tool-use", "template": "T" + CHATML}]})
    write(out / "config.json", config(
        "Qwen2ForCausalLM", "qwen2", 400, "float32", tie_word_embeddings=True, rope_theta=1000000.0,
        sliding_window=128, use_sliding_window=False, max_window_layers=2, bos_token_id=0, eos_token_id=2,
        rope_scaling={"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}))
    save_file(weights(torch.float32, 400, q_bias=True, seed=5), out / "model.safetensors")


def qwen3(out):
    """BF16, norms on query and key heads, a head size of its own, rope_parameters as newer files have it."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tok = byte_level(384, split(QWEN2), specials, normalizer=normalizers.NFC())
    tok.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    tok.save(str(out / "tokenizer.json"))
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "Qwen2Tokenizer", "add_bos_token": False, "add_prefix_space": False,
        "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "added_tokens_decoder": decoder(tok)})
    write(out / "chat_template.json", {"chat_template": CHATML})
    cfg = config("Qwen3ForCausalLM", "qwen3", 386, "bfloat16", tie_word_embeddings=True, head_dim=24,
                 eos_token_id=2, rope_parameters={"rope_theta": 1000000.0, "rope_type": "default"})
    write(out / "config.json", cfg)
    write(out / "generation_config.json", {"temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.01})
    save_file(weights(torch.bfloat16, 386, qk_norm=True, head_dim=24, seed=6), out / "model.safetensors")


def gemma3(out):
    """tokenizer.model, BF16, norms stored less one, sliding window, padded vocabulary, no chat template."""
    specials = ["<mask>", "<start_of_turn>", "<end_of_turn>", "\n\n", "\u2581\u2581", "\t"]
    (out / "tokenizer.model").write_bytes(
        sentencepiece_model(500, specials, dummy_prefix=False, pad=0, eos=1, bos=2, unk=3))
    names = ["<pad>", "<eos>", "<bos>", "<unk>"] + specials
    added = {str(i): {"content": s, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                      "special": s[0] == "<" and s != "<mask>"} for i, s in enumerate(names)}
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "GemmaTokenizer", "add_bos_token": True, "add_eos_token": False, "bos_token": "<bos>",
        "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>", "sp_model_kwargs": None,
        "spaces_between_special_tokens": False, "added_tokens_decoder": added})
    write(out / "config.json", config(
        "Gemma3ForCausalLM", "gemma3_text", 512, "bfloat16", head_dim=16, sliding_window=64, rope_theta=1000000.0,
        rope_local_base_freq=10000, query_pre_attn_scalar=16, hidden_activation="gelu_pytorch_tanh", bos_token_id=2,
        eos_token_id=[1, 6], pad_token_id=0))
    save_file(weights(torch.bfloat16, 512, gemma=True, head_dim=16, seed=7), out / "model.safetensors")


def gemma3_vision(out):
    """The text part of a multimodal checkpoint, F16 (whose norms are shifted in half precision), linear scaling."""
    gemma3(out)
    base = json.loads((out / "config.json").read_text())
    text = {k: v for k, v in base.items() if k not in ("architectures", "torch_dtype")}
    text["rope_scaling"] = {"factor": 8.0, "rope_type": "linear"}
    for key in ("num_key_value_heads", "rope_theta"):
        text.pop(key)
    text["num_key_value_heads"] = KV_HEADS
    write(out / "config.json", {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "torch_dtype": "float16",
        "boi_token_index": 4, "text_config": text, "vision_config": {"model_type": "siglip_vision_model",
                                                                   "hidden_size": 8, "num_hidden_layers": 1}})
    tensors = weights(torch.float16, 520, gemma=True, head_dim=16, prefix="language_model.model.", seed=8)
    tensors["vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight"] = torch.zeros(4, 4, dtype=torch.float16)
    tensors["multi_modal_projector.mm_input_projection_weight"] = torch.zeros(4, 4, dtype=torch.float16)
    save_file(tensors, out / "model.safetensors")


def mistral(out):
    """tokenizer.model with a token added beside it, F16, sliding window (which the reference leaves out), linear scaling."""
    (out / "tokenizer.model").write_bytes(sentencepiece_model(480))
    write(out / "added_tokens.json", {"[TOOL]": 480})
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False, "legacy": True,
        "bos_token": {"__type": "AddedToken", "content": "<s>"}, "eos_token": "</s>", "unk_token": "<unk>",
        "chat_template": "{{ bos_token }}{% for m in messages %}[INST] {{ m['content'] }} [/INST]{% endfor %}"})
    write(out / "config.json", config(
        "MistralForCausalLM", "mistral", 481, "float16", tie_word_embeddings=False, sliding_window=64, head_dim=None,
        rope_theta=10000.0, bos_token_id=1, eos_token_id=2, rope_scaling={"type": "linear", "factor": 2.0}))
    save_file(weights(torch.float16, 481, tied=False, seed=9), out / "model.safetensors")


def tinyllama(out):
    """SentencePiece as tokenizer.json with byte fallback only, F32, Llama's defaults left out of config.json."""
    proto = out / "tokenizer.model"
    proto.write_bytes(sentencepiece_model(480))
    # The library's own conversion gives the tokenizer.json that such checkpoints have.
    write(out / "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", "legacy": True})
    from transformers import LlamaTokenizerFast
    LlamaTokenizerFast.from_pretrained(out).backend_tokenizer.save(str(out / "tokenizer.json"))
    proto.unlink()
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "LlamaTokenizerFast", "legacy": True, "bos_token": "<s>", "eos_token": "</s>",
        "unk_token": "<unk>", "pad_token": "</s>", "chat_template": CHATML})
    cfg = config("LlamaForCausalLM", "llama", 480, "float32", tie_word_embeddings=True, bos_token_id=1,
                 eos_token_id=2)
    del cfg["num_key_value_heads"]
    global KV_HEADS
    kept, KV_HEADS = KV_HEADS, HEADS
    write(out / "config.json", cfg)
    save_file(weights(torch.float32, 480, seed=10), out / "model.safetensors")
    KV_HEADS = kept


def nemo(out):
    """Mistral Nemo's tokenizer (tekken) and head size; the template adds BOS."""
    specials = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    tok = byte_level(384, split(TEKKEN), specials)
    tok.post_processor = template("<s>", 1)
    tok.save(str(out / "tokenizer.json"))
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": True, "add_eos_token": False, "bos_token": "<s>",
        "eos_token": "</s>", "unk_token": "<unk>", "added_tokens_decoder": decoder(tok)})
    write(out / "config.json", config(
        "MistralForCausalLM", "mistral", 384, "bfloat16", tie_word_embeddings=False, sliding_window=None, head_dim=16,
        rope_theta=1000000.0, bos_token_id=1, eos_token_id=2))
    save_file(weights(torch.bfloat16, 384, tied=False, head_dim=16, seed=11), out / "model.safetensors")


def main() -> None:
    root = Path(sys.argv[1])
    for name, make in (("llama3", llama3), ("smollm", smollm), ("qwen2", qwen2), ("qwen3", qwen3), ("gemma3", gemma3),
                       ("gemma3-vision", gemma3_vision), ("mistral", mistral), ("tinyllama", tinyllama), ("nemo", nemo)):
        out = root / name
        out.mkdir(parents=True, exist_ok=True)
        make(out)
        print(name, sum(f.stat().st_size for f in out.iterdir()))


if __name__ == "__main__":
    main()
