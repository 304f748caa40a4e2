package org.kvant.engine.host;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The models of a server by name. Which there are is fixed when it is made; each is loaded when it is first asked for, or at once, and can be unloaded and loaded
 * again. Thread-safe.
 */
public final class ModelRegistry implements AutoCloseable {
    /** A model that stays loaded until this is closed. */
    public static final class Lease implements AutoCloseable {
        private final RegisteredModel model;
        private final AtomicBoolean open = new AtomicBoolean(true);

        private Lease(RegisteredModel model) {
            this.model = model;
            model.lease();
        }

        public ServedModel model() {
            return model;
        }

        /**
         * Waits until the model is no longer loading.
         *
         * @return the state then; {@link ModelState#LOADING} if the time ran out
         */
        public ModelState await(Duration timeout) throws InterruptedException {
            return model.awaitLoaded(timeout);
        }

        /** Closing again does nothing. */
        @Override
        public void close() {
            if (open.getAndSet(false)) {
                model.release();
            }
        }
    }

    private final Map<String, RegisteredModel> models;

    /**
     * Knows these models and loads none. The first is what a request means that names none.
     *
     * @param host stays the caller's, who closes it after this
     * @throws IllegalArgumentException if there is no model, or if two have the same name
     */
    public ModelRegistry(ModelHost host, List<ModelSpec> specs) {
        if (specs.isEmpty()) {
            throw new IllegalArgumentException("a registry needs at least one model");
        }
        Map<String, RegisteredModel> byName = new LinkedHashMap<>();
        for (ModelSpec spec : specs) {
            if (byName.put(spec.name(), new RegisteredModel(spec, host)) != null) {
                throw new IllegalArgumentException(
                        "two models are called '" + spec.name() + "': give one another name");
            }
        }
        models = Collections.unmodifiableMap(byName);
    }

    /** All of them, in the order in which they were given, whatever their state. */
    public Collection<? extends ServedModel> all() {
        return models.values();
    }

    /** The one that a request means which names none. */
    public ServedModel first() {
        return models.values().iterator().next();
    }

    /** The model of this name, whatever its state. */
    public Optional<ServedModel> find(String name) {
        return Optional.ofNullable(models.get(name));
    }

    /**
     * Keeps a model loaded; one that isn't begins to be. The caller closes the lease.
     *
     * @throws IllegalArgumentException if there is no model of this name
     */
    public Lease lease(String name) {
        RegisteredModel model = named(name);
        Lease lease = new Lease(model);
        model.load();
        return lease;
    }

    /**
     * Unloads a model when nobody has a lease on it any more: what runs may finish, new requests are refused. Blocks.
     *
     * @param timeout for leases and, after that, for running requests, which are cancelled then
     * @return false if it is still leased
     * @throws IllegalArgumentException if there is no model of this name
     */
    public boolean unload(String name, Duration timeout) throws InterruptedException {
        RegisteredModel model = named(name);
        if (!model.awaitUnleased(timeout)) {
            return false;
        }
        model.unload(timeout);
        return true;
    }

    /** Lets running and waiting requests of all models finish within the time, all models at once, and unloads them. Blocks. */
    public void drain(Duration timeout) {
        List<Thread> threads = models.values().stream()
                .map(model ->
                        Thread.ofPlatform().name("kvant-drain-" + model.name()).start(() -> model.unload(timeout)))
                .toList();
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Cancels everything and unloads all models. Closing again does nothing. */
    @Override
    public void close() {
        models.values().forEach(RegisteredModel::close);
    }

    private RegisteredModel named(String name) {
        RegisteredModel model = models.get(name);
        if (model == null) {
            throw new IllegalArgumentException(
                    "there is no model '" + name + "'; there are: " + String.join(", ", models.keySet()));
        }
        return model;
    }
}
