package org.kvant.engine.sampling;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.llama.Context;

/**
 * Makes samplers that take long on a thread of its own, so that no stream waits for them: the breakers of the DRY penalty are looked for in every
 * token, and so is what a grammar allows first. Such a request waits in the queue meanwhile. Thread-safe.
 */
public final class SamplerPreparation implements AutoCloseable {
    private final ModelVocabulary vocabulary;
    private final Context context;
    private final ExecutorService executor = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().name("kvant-prepare").daemon().unstarted(task));

    /** @param context of the batches that will be sampled from */
    public SamplerPreparation(ModelVocabulary vocabulary, Context context) {
        this.vocabulary = vocabulary;
        this.context = context;
    }

    /** Whether making this request's sampler is worth another thread. */
    public static boolean needed(GenerationRequest request) {
        return request.grammar() != null || request.sampling().repels();
    }

    /**
     * Begins.
     *
     * @param finished whether the request has ended, so that nothing need be made
     * @param result completed with the sampler, or with why there is none
     * @param done called then
     */
    public void start(
            GenerationRequest request,
            BooleanSupplier finished,
            CompletableFuture<TokenSampler> result,
            Runnable done) {
        int[] prompt = request.tokens();
        executor.execute(() -> {
            if (finished.getAsBoolean()) {
                result.cancel(false);
                return;
            }
            try {
                RequestSampler sampler = new RequestSampler(vocabulary, context, request, new TokenList(prompt, 0));
                sampler.lookAhead();
                if (!result.complete(sampler)) {
                    sampler.close();
                }
            } catch (Exception | Error e) {
                result.completeExceptionally(e);
            } finally {
                done.run();
            }
        });
    }

    /** Waits for what is under way: it uses the model. */
    @Override
    public void close() {
        executor.shutdownNow();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = executor.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
