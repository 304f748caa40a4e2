package org.kvant.llama;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.sampling.SamplerChain;

/** Runs in a {@link ChildJvm}: tries wrong models one after another and says how each went. */
public final class ModelTrial {
    private ModelTrial() {}

    /** Arguments: folder for files, architecture, index of the first mutation, every how many one is tried. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        List<Supplier<ModelMutations.Mutation>> all = ModelMutations.of(() -> ModelMutations.model(args[1]));
        int step = Integer.parseInt(args[3]);
        Backend.load();
        Path file = folder.resolve("trial-" + args[1] + ".gguf");
        for (int i = Integer.parseInt(args[2]); i < all.size(); i += step) {
            ModelMutations.Mutation mutation = all.get(i).get();
            System.out.println("TRY " + i + " " + mutation.name());
            mutation.model().write(file);
            System.out.println("END " + i + " " + attempt(file));
            Files.delete(file);
        }
        System.out.println("DONE");
    }

    private static String attempt(Path file) {
        try (Model model = Model.load(file)) {
            return use(model);
        } catch (IOException | RuntimeException e) {
            return "refused: " + e;
        }
    }

    private static String use(Model model) {
        ContextOptions options = ContextOptions.builder()
                .contextSize(256)
                .batchSize(64)
                .ubatchSize(32)
                .cacheTypeK(GgmlType.Q8_0)
                .cacheTypeV(GgmlType.Q8_0)
                .build();
        int[] tokens = model.vocab().tokenize("The sea, and 42 ships é 海 \uD83D\uDE00\n", true, true);
        String back = model.vocab().detokenize(tokens, false, true);
        for (int token = 0; token < model.vocab().size(); token++) {
            model.vocab().piece(token, true);
        }
        try (Context context = model.newContext(options);
                SamplerChain sampler = SamplerChain.builder(model.vocab())
                        .topK(40)
                        .temperature(0.8f)
                        .dist(1)
                        .build()) {
            Batch batch = new Batch(64);
            int count = Math.min(tokens.length, 60);
            for (int i = 0; i < count; i++) {
                batch.add(tokens[i], i, 0, i == count - 1);
            }
            if (count == 0) {
                return "no tokens";
            }
            DecodeResult result = context.decode(batch);
            return result + " " + sampler.sample(context, count - 1) + " " + back.length();
        }
    }
}
