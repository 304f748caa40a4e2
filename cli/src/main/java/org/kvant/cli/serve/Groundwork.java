package org.kvant.cli.serve;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.MetricsSource;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.llama.Backend;
import org.kvant.monitoring.BuildInfo;
import org.kvant.monitoring.Monitoring;
import org.kvant.monitoring.Vocabulary;

/**
 * What a server needs whatever its model: native libraries and metrics. Made on a thread of its own while the model's header is read and HTTP
 * set up, which takes about as long.
 */
public final class Groundwork implements MetricsSource, AutoCloseable {
    private static final AtomicReference<@Nullable CompletableFuture<Void>> natives = new AtomicReference<>();

    private final CompletableFuture<Monitoring> monitoring;

    private Groundwork(CompletableFuture<Monitoring> monitoring) {
        this.monitoring = monitoring;
    }

    /**
     * Begins to load the native libraries before the command line is even read, which takes about as long. What goes wrong is
     * reported by {@link #await}.
     */
    public static void loadNatives() {
        CompletableFuture<Void> loading = new CompletableFuture<>();
        if (natives.compareAndSet(null, loading)) {
            Thread.ofPlatform().name("kvant-natives").daemon().start(() -> {
                Backend backend;
                try {
                    backend = Backend.load();
                } catch (RuntimeException e) {
                    // Comes again when someone needs them, and is told to the user there.
                    return;
                } finally {
                    loading.complete(null);
                }
                // While the model is being loaded on another thread.
                backend.link();
            });
        }
    }

    /** The process must not end while libraries are being loaded. */
    public static void awaitNatives() {
        CompletableFuture<Void> loading = natives.get();
        if (loading != null) {
            loading.join();
        }
    }

    /** @param vocabularies names that metrics are shown under */
    static Groundwork begin(Set<Vocabulary> vocabularies) {
        return new Groundwork(CompletableFuture.supplyAsync(
                () -> new Monitoring(BuildInfo.of(Backend.load().version()), vocabularies),
                task -> Thread.ofPlatform().name("kvant-groundwork").daemon().start(task)));
    }

    /**
     * Waits for both.
     *
     * @throws org.kvant.llama.loader.NativeLoadException if the libraries can't be used
     */
    Monitoring await() {
        try {
            return monitoring.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    @Override
    public Scrape scrape(@Nullable String accept, @Nullable String names) {
        return await().scrape(accept, names);
    }

    /** Told what happens to requests; what comes before the metrics are there is counted when they are. */
    HttpListener http() {
        return new HttpListener() {
            @Override
            public void templateRendered(long nanos) {
                then(http -> http.templateRendered(nanos));
            }

            @Override
            public void tokenized(long nanos) {
                then(http -> http.tokenized(nanos));
            }

            @Override
            public void grammarCompiled(long nanos) {
                then(http -> http.grammarCompiled(nanos));
            }

            @Override
            public void refused(ApiError error) {
                then(http -> http.refused(error));
            }

            @Override
            public void began(Exchange exchange) {
                then(http -> http.began(exchange));
            }

            @Override
            public void generated(Exchange exchange, int index, GenerationRequest request, Finish finish) {
                then(http -> http.generated(exchange, index, request, finish));
            }

            @Override
            public void ended(Exchange exchange, @Nullable ApiError error) {
                then(http -> http.ended(exchange, error));
            }
        };
    }

    private void then(Consumer<HttpListener> event) {
        CompletableFuture<Void> unused = monitoring.thenAccept(made -> event.accept(made.http()));
    }

    /** Waits too: the process must not end while libraries are being loaded. */
    @Override
    public void close() {
        monitoring.thenAccept(Monitoring::close).exceptionally(_ -> null).join();
    }
}
