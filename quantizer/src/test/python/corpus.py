"""The text that the tokenizers of the small checkpoints are trained on."""
import random

WORDS = """the a little old fox owl river forest house boat lantern baker king girl boy found lost said asked told saw
went home again into under over green blue silver quiet loud happy sad once upon time there was and then because until
story door window garden mountain letter music winter summer morning night friend please thank you don't I'm we've
they'll it's shouldn't you'd naïve café übermensch jalapeño""".split()
OTHER = """Съешь ещё этих мягких французских булок. Привет, мир! Η γρήγορη αλεπού. שלום עולם. مرحبا بالعالم.
नमस्ते दुनिया. 你好，世界。今天天气很好。 こんにちは世界。 안녕하세요 세계. สวัสดีชาวโลก 🙂🚀👍 € £ ¥ © ® ™ … – —""".split("\n")
CODE = """def add(a, b):\n    return a + b\n\nfor (int i = 0; i < 10; i++) {\n\tprintf("%d\\n", i);\n}\n
SELECT id, name FROM users WHERE id >= 42;\nif x == 3.14159: print('pi')\n\n\n    # 2024-11-22 12:34:56\n"""


def lines(seed: int = 7, count: int = 600) -> list[str]:
    rng = random.Random(seed)
    out = []
    for i in range(count):
        words = [rng.choice(WORDS) for _ in range(rng.randint(4, 14))]
        line = " ".join(words)
        if i % 3 == 0:
            line = line.capitalize() + rng.choice([".", "!", "?", "...", '."'])
        if i % 7 == 0:
            line += f" {rng.randint(0, 99999)} {rng.random():.3f}"
        out.append(line)
        if i % 20 == 0:
            out.extend(OTHER)
        if i % 40 == 0:
            out.append(CODE)
    return out
