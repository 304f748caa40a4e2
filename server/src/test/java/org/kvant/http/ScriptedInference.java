package org.kvant.http;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kvant.chat.BuiltInTemplate;
import org.kvant.chat.ChatPrompts;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.request.Usage;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.engine.watch.EngineState;

/**
 * An engine whose every token the test decides, so that the order of events between engine, server and client is certain. One token is one
 * character.
 */
final class ScriptedInference implements Inference {
    static final int CONTEXT = 64;
    static final int SEQUENCES = 2;
    static final int VOCABULARY = 1000;

    private final int capacity;
    private final BlockingQueue<Script> submitted = new LinkedBlockingQueue<>();
    private final List<Script> live = new ArrayList<>();

    /** @param capacity generations that may be live; a further one meets a full queue */
    ScriptedInference(int capacity) {
        this.capacity = capacity;
    }

    /** One generation; the test plays the decode thread. */
    final class Script implements Generation {
        final GenerationRequest request;
        private final TokenSink sink;
        private int tokens;
        volatile boolean paused;
        volatile boolean finished;
        volatile boolean cancelled;

        Script(GenerationRequest request, TokenSink sink) {
            this.request = request;
            this.sink = sink;
        }

        Script text(String text) {
            tokens++;
            sink.onText(text, 7);
            return this;
        }

        void finish(FinishReason reason, @Nullable String error) {
            finished = true;
            synchronized (live) {
                live.remove(this);
            }
            sink.onFinish(new Finish(
                    reason,
                    null,
                    error,
                    new Usage(request.promptTokens().length, 1, tokens, 5, 2),
                    new Timings(1_000_000, 2_000_000, 3_000_000, 6_000_000)));
        }

        void stop() {
            finish(FinishReason.STOP, null);
        }

        String prompt() {
            return tokenizer().detokenize(request.promptTokens());
        }

        @Override
        public String id() {
            return request.id();
        }

        @Override
        public void cancel() {
            cancel("");
        }

        @Override
        public void cancel(String reason) {
            if (!finished) {
                cancelled = true;
                finish(FinishReason.CANCELLED, reason);
            }
        }

        @Override
        public void pause() {
            paused = true;
        }

        @Override
        public void resume() {
            paused = false;
        }

        @Override
        public boolean finished() {
            return finished;
        }
    }

    /** The next generation that the server submits. */
    Script next() throws InterruptedException {
        Script script = submitted.poll(20, TimeUnit.SECONDS);
        if (script == null) {
            throw new AssertionError("The server submitted nothing");
        }
        return script;
    }

    boolean nothingSubmitted() {
        return submitted.isEmpty();
    }

    @Override
    public EngineState state() {
        return EngineState.READY;
    }

    @Override
    public @Nullable Throwable failure() {
        return null;
    }

    @Override
    public ModelInfo model() {
        return new ModelInfo(
                Path.of("m.gguf"), "llama", "scripted", 1, 2, VOCABULARY, 3, 4, 128, 128, CONTEXT, SEQUENCES, true);
    }

    @Override
    public Tokenizer tokenizer() {
        return new Tokenizer() {
            @Override
            public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
                return text.chars().map(c -> c % VOCABULARY).toArray();
            }

            @Override
            public int[] tokenizePrompt(String text) {
                return tokenize(text, true, true);
            }

            @Override
            public String detokenize(int[] tokens) {
                StringBuilder text = new StringBuilder();
                for (int token : tokens) {
                    text.append((char) token);
                }
                return text.toString();
            }

            @Override
            public byte[] piece(int token) {
                return Character.toString(token).getBytes(StandardCharsets.UTF_8);
            }

            @Override
            public int vocabularySize() {
                return VOCABULARY;
            }
        };
    }

    @Override
    public ChatPrompts chatPrompts() {
        return new BuiltInTemplate((turns, addAssistant) -> turns.stream()
                        .map(turn -> turn.role().charAt(0) + ":" + turn.content())
                        .collect(Collectors.joining("|"))
                + (addAssistant ? "|a:" : ""));
    }

    @Override
    public Generation submit(GenerationRequest request, TokenSink sink) throws QueueFullException {
        Script script = new Script(request, sink);
        synchronized (live) {
            if (live.size() == capacity) {
                throw new QueueFullException(capacity);
            }
            live.add(script);
        }
        submitted.add(script);
        return script;
    }
}
