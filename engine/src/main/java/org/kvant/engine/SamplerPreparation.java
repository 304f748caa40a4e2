package org.kvant.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Makes samplers that take long on a thread of its own, so that no stream waits for them: the breakers of the DRY penalty are looked for in every
 * token, and so is what a grammar allows first. Such a request waits in the queue meanwhile. Thread-safe.
 */
final class SamplerPreparation implements AutoCloseable {
    private final LoadedModel loaded;
    private final ExecutorService executor = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().name("kvant-prepare").daemon().unstarted(task));

    SamplerPreparation(LoadedModel loaded) {
        this.loaded = loaded;
    }

    /** Whether making this request's sampler is worth another thread. */
    static boolean needed(GenerationRequest request) {
        return request.grammar() != null || request.sampling().repels();
    }

    /**
     * Begins.
     *
     * @param result completed with the sampler, or with why there is none; the request's {@link ActiveRequest#preparation} as long as it waits
     * @param done called then
     */
    void start(ActiveRequest request, CompletableFuture<RequestSampler> result, Runnable done) {
        int[] prompt = request.request.tokens();
        executor.execute(() -> {
            if (request.finished()) {
                result.cancel(false);
                return;
            }
            try {
                RequestSampler sampler = new RequestSampler(loaded, request.request, new TokenList(prompt, 0));
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

    /** Frees what was made for a request that ends before it began. */
    static void drop(ActiveRequest request) {
        CompletableFuture<RequestSampler> preparation = request.preparation;
        request.preparation = null;
        if (preparation != null) {
            var unused = preparation.thenAccept(RequestSampler::close);
        }
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
