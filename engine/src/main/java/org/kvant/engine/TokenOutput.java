package org.kvant.engine;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.grammar.GrammarException;
import org.kvant.llama.BackendAbortedException;
import org.kvant.llama.Context;
import org.kvant.llama.LlamaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What follows a decode: samples tokens, takes their log probabilities, hands out text and ends requests. Belongs to the decode thread. */
final class TokenOutput {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final LoadedModel loaded;
    private final Context context;
    private final Releases releases;
    private final EngineListener listener;
    private final LogSoftmax softmax;

    TokenOutput(LoadedModel loaded, Releases releases, EngineListener listener) {
        this.loaded = loaded;
        this.releases = releases;
        this.listener = listener;
        context = loaded.context;
        softmax = new LogSoftmax(loaded.vocab.size());
    }

    /** Log probability of the prompt token behind {@code position}, whose logits are at {@code batchIndex}. */
    void prompt(ActiveRequest request, int position, int batchIndex) {
        @Nullable TokenLogprob[] logprobs = Objects.requireNonNull(request.promptLogprobs);
        if (position < logprobs.length) {
            softmax.load(context, batchIndex);
            logprobs[position] = softmax.of(request.tokens.get(position + 1), request.request.promptLogprobs());
        }
    }

    /**
     * Samples the next token and hands out its text.
     *
     * @return whether the request goes on
     */
    boolean sample(ActiveRequest request, int batchIndex) {
        if (request.sampled == 0 && !prefillFinished(request)) {
            return false;
        }
        if (request.request.wantsLogprobs()) {
            softmax.load(context, batchIndex);
        }
        int token;
        SampleEvent event = new SampleEvent();
        event.begin();
        try {
            token = Objects.requireNonNull(request.sampler).next(context, batchIndex, request.sampled);
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException e) {
            log.error("Request {}: sampling failed", request.id(), e);
            releases.fail(request, "Sampling failed: " + e.getMessage());
            return false;
        } catch (GrammarException e) {
            log.debug("Request {}: {}", request.id(), e.getMessage());
            releases.finish(request, FinishReason.ERROR, null, e.getMessage());
            return false;
        }
        if (event.shouldCommit()) {
            event.request = request.id();
            event.token = token;
            event.commit();
        }
        if (token == RequestSampler.NOTHING) {
            return end(request, Objects.requireNonNullElse(request.lastToken(), 0));
        }
        time(request, token);
        return emit(request, token);
    }

    /** Whether the request wants more than its prompt. */
    private boolean prefillFinished(ActiveRequest request) {
        request.prefillNanos = System.nanoTime() - request.startNanos;
        listener.prefillFinished(request.id(), request.prefillNanos, request.promptTokens, request.cachedTokens);
        PrefillEvent.commit(request);
        @Nullable TokenLogprob[] logprobs = request.promptLogprobs;
        if (logprobs != null && !told(request, () -> request.sink.onPrompt(List.copyOf(Arrays.asList(logprobs))))) {
            return false;
        }
        if (request.limit == 0) {
            releases.finish(request, FinishReason.LENGTH, null, null);
            return false;
        }
        return true;
    }

    private void time(ActiveRequest request, int token) {
        long now = System.nanoTime();
        request.tokens.add(token);
        if (token == request.expected) {
            request.accepted++;
        }
        if (++request.sampled == 1) {
            request.firstTokenNanos = now;
            listener.firstToken(request.id(), now - request.submitNanos);
        } else {
            listener.token(request.id(), now - request.lastTokenNanos);
        }
        request.lastTokenNanos = now;
    }

    private boolean emit(ActiveRequest request, int token) {
        TextAssembler assembler = request.text;
        boolean ends = loaded.vocab.isEog(token) || request.request.stopTokens().contains(token);
        String text = "";
        if (!ends) {
            byte[] piece = loaded.vocab.piece(token, false);
            text = assembler.append(piece);
            if (request.request.wantsLogprobs()) {
                request.logprobs.add(softmax.of(token, request.request.logprobs()), piece.length);
            }
        }
        String stop = assembler.matchedStop();
        boolean last = ends || stop != null || request.sampled >= request.limit;
        List<TokenLogprob> logprobs;
        if (stop != null) {
            logprobs = request.logprobs.begun(assembler.emitted());
        } else if (last) {
            text += assembler.finish();
            logprobs = request.logprobs.rest();
        } else {
            logprobs = request.logprobs.complete(assembler.emitted());
        }
        if (!tell(request, text, token, logprobs)) {
            return false;
        }
        if (last) {
            boolean length = stop == null && !ends;
            releases.finish(request, length ? FinishReason.LENGTH : FinishReason.STOP, stop, null);
        }
        return !last;
    }

    /** The grammar's end, without a token that says so. */
    private boolean end(ActiveRequest request, int token) {
        if (tell(request, request.text.finish(), token, request.logprobs.rest())) {
            releases.finish(request, FinishReason.STOP, null, null);
        }
        return false;
    }

    private boolean tell(ActiveRequest request, String text, int token, List<TokenLogprob> logprobs) {
        if (text.isEmpty() && logprobs.isEmpty()) {
            return true;
        }
        return told(
                request,
                request.request.wantsLogprobs()
                        ? () -> request.sink.onText(text, token, logprobs)
                        : () -> request.sink.onText(text, token));
    }

    /** A sink that throws is given up with its request. */
    private boolean told(ActiveRequest request, Runnable news) {
        try {
            news.run();
            return true;
        } catch (RuntimeException e) {
            log.warn("Request {}: its sink failed, so it is given up", request.id(), e);
            releases.finish(request, FinishReason.CANCELLED, null, "The receiver failed: " + e);
            return false;
        }
    }
}
