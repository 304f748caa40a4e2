package org.kvant.llama;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.sampling.SamplerChain;

/**
 * Runs in a {@link ChildJvm}: contexts with random options get random calls, right and wrong ones, in any order. Every call
 * must return or throw.
 */
public final class ContextTrial {
    private static final int[] ODD = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 255, 256, 257, 511, 1 << 20};

    private final Random random;
    private final Map<String, Integer> outcomes = new TreeMap<>();

    private ContextTrial(long seed) {
        this.random = new Random(seed);
    }

    /** Arguments: folder for files, seed, number of contexts for each model. */
    public static void main(String[] args) throws IOException {
        Backend.load();
        ContextTrial trial = new ContextTrial(Long.parseLong(args[1]));
        for (TinyModel tiny : List.of(
                TinyModel.llama(), TinyModel.qwen2(), TinyModel.qwen3(), TinyModel.qwen3(64), TinyModel.gemma3())) {
            Path file = tiny.write(Path.of(args[0]).resolve("model.gguf"));
            try (Model model = Model.load(file)) {
                for (int i = 0; i < Integer.parseInt(args[2]); i++) {
                    trial.attempt(model);
                }
            }
        }
        System.out.println("OUTCOMES " + trial.outcomes);
        System.out.println("DONE");
    }

    private void attempt(Model model) {
        try {
            ContextOptions options = options();
            System.out.println("TRY " + model.architecture() + " " + options);
            try (Context context = model.newContext(options);
                    SamplerChain sampler = sampler(model)) {
                for (int call = 0; call < 40; call++) {
                    call(context, sampler);
                }
            }
        } catch (IllegalArgumentException | LlamaException e) {
            count("no context: " + e.getClass().getSimpleName());
        }
    }

    private ContextOptions options() {
        GgmlType[] types = KvCache.TYPES.toArray(new GgmlType[0]);
        int sequences = 1 + random.nextInt(4);
        return ContextOptions.builder()
                .contextSize(pick(0, 1, 5, 256, 300, 1024))
                .batchSize(pick(1, 2, 7, 64, 500, 5000))
                .ubatchSize(pick(1, 3, 8, 32, 512))
                .maxSequences(sequences)
                .maxOutputs(pick(0, 0, sequences, 9))
                .threads(1 + random.nextInt(2))
                .cacheTypeK(types[random.nextInt(types.length)])
                .cacheTypeV(types[random.nextInt(types.length)])
                .kvUnified(random.nextBoolean())
                .flashAttention(FlashAttention.values()[random.nextInt(3)])
                .offloadKqv(random.nextBoolean())
                .fullSwaCache(random.nextBoolean())
                .build();
    }

    private SamplerChain sampler(Model model) {
        return SamplerChain.builder(model.vocab())
                .penalties(pick(0, 1, 64), 1.1f, 0.5f, 0.5f)
                .topK(pick(-1, 0, 1, 40, 1_000_000))
                .typical(random.nextFloat(), pick(0, 1, 1000))
                .topP(random.nextFloat(), pick(0, 1, 1000))
                .minP(random.nextFloat(), pick(0, 1, 1000))
                .temperature(random.nextInt(4) - 1)
                .dist(random.nextInt(1000))
                .build();
    }

    private void call(Context context, SamplerChain sampler) {
        try {
            count(random.nextInt(10) == 0 ? oddCall(context, sampler) : usualCall(context, sampler));
        } catch (IllegalArgumentException
                | IllegalStateException
                | UnsupportedOperationException
                | LlamaException
                | IndexOutOfBoundsException e) {
            count("refused: " + e.getClass().getSimpleName());
        }
    }

    private String usualCall(Context context, SamplerChain sampler) {
        Memory memory = context.memory();
        int sequence = random.nextInt(context.maxSequences());
        int other = random.nextInt(context.maxSequences());
        int last = memory.maxPosition(sequence);
        switch (random.nextInt(9)) {
            case 0 -> memory.removeRange(sequence, random.nextInt(last + 2), Memory.END);
            case 1 -> memory.remove(sequence);
            case 2 -> memory.copy(sequence, other, 0, Memory.END);
            case 3 -> memory.shift(sequence, random.nextInt(last + 2), Memory.END, random.nextInt(11) - 5);
            case 4 -> {
                if (random.nextInt(5) == 0) {
                    memory.keep(sequence);
                }
            }
            case 5 -> {
                if (random.nextInt(5) == 0) {
                    context.requestAbort();
                }
            }
            default -> {
                Batch batch = batch(context);
                DecodeResult result = context.decode(batch);
                if (result instanceof DecodeResult.Ok && batch.logits(batch.size() - 1)) {
                    sampler.sample(context, batch.size() - 1);
                    context.logits(batch.size() - 1);
                }
                return result.getClass().getSimpleName();
            }
        }
        return "memory";
    }

    /** Continues some sequences, a few tokens each, interleaved. */
    private Batch batch(Context context) {
        Batch batch = new Batch(512);
        int[] next = new int[context.maxSequences()];
        for (int s = 0; s < next.length; s++) {
            next[s] = context.memory().maxPosition(s) + 1;
        }
        int size = 1 + random.nextInt(40);
        for (int i = 0; i < size; i++) {
            int s = random.nextInt(next.length);
            batch.add(
                    random.nextInt(context.model().vocab().size()),
                    next[s]++,
                    s,
                    i == size - 1 || random.nextInt(8) == 0);
        }
        return batch;
    }

    private String oddCall(Context context, SamplerChain sampler) {
        Memory memory = context.memory();
        int a = odd();
        int b = odd();
        switch (random.nextInt(9)) {
            case 0 -> memory.removeRange(a, b, odd());
            case 1 -> memory.copy(a, b, odd(), odd());
            case 2 -> memory.shift(0, a, b, odd());
            case 3 -> memory.keep(a);
            case 4 -> context.logits(a);
            case 5 -> sampler.sample(context, a);
            case 6 -> sampler.accept(a);
            case 7 -> memory.minPosition(a);
            default -> {
                Batch batch = new Batch(8, 2);
                batch.add(a, Math.abs(b % 1000), new int[] {odd(), 0}, true);
                context.decode(batch);
            }
        }
        return "odd";
    }

    private int odd() {
        return random.nextInt(3) == 0 ? random.nextInt(4) : ODD[random.nextInt(ODD.length)];
    }

    private int pick(int... values) {
        return values[random.nextInt(values.length)];
    }

    private void count(String outcome) {
        outcomes.merge(outcome, 1, Integer::sum);
    }
}
