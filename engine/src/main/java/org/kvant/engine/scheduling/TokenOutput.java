package org.kvant.engine.scheduling;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.TokenLogprob;
import org.kvant.engine.sampling.LogSoftmax;
import org.kvant.engine.sampling.TextAssembler;
import org.kvant.engine.sampling.TokenPieces;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.PrefillEvent;
import org.kvant.engine.watch.SampleEvent;
import org.kvant.grammar.GrammarException;
import org.kvant.llama.library.BackendAbortedException;
import org.kvant.llama.library.LlamaException;

/** What follows a decode: samples tokens, takes their log probabilities, hands out text and ends requests. Belongs to the decode thread. */
final class TokenOutput {
    private final DecodeTarget target;
    private final TokenPieces pieces;
    private final Releases releases;
    private final EngineListener listener;
    private final LogSoftmax softmax;

    TokenOutput(DecodeTarget target, Releases releases, EngineListener listener) {
        this.target = target;
        this.releases = releases;
        this.listener = listener;
        pieces = target.pieces();
        softmax = new LogSoftmax(pieces.size());
    }

    /**
     * Takes the log probability of the prompt token behind {@code position}, whose logits are at {@code batchIndex}.
     *
     * @return whether the request goes on
     */
    boolean prompt(ActiveRequest request, int position, int batchIndex) {
        return guarded(request, () -> {
            if (request.output.wantsPrompt(position)) {
                softmax.load(target::logits, batchIndex);
                request.output.prompt(
                        position, softmax.of(request.tokens.get(position + 1), request.request.promptLogprobs()));
            }
            return true;
        });
    }

    /**
     * Samples the next token and hands out its text.
     *
     * @return whether the request goes on
     */
    boolean sample(ActiveRequest request, int batchIndex) {
        return guarded(request, () -> next(request, batchIndex));
    }

    /** Whatever is wrong with one request is no other one's business: it ends with an error, and the decode thread goes on. */
    private boolean guarded(ActiveRequest request, BooleanSupplier step) {
        try {
            return step.getAsBoolean();
        } catch (BackendAbortedException e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error("Request {}: its next token failed", request.id(), e);
            giveUp(request, "The next token failed: " + e);
            return false;
        }
    }

    /** Ends a request that may have ended already, as when its sink failed at the end. */
    private void giveUp(ActiveRequest request, String error) {
        if (request.slot == null) {
            releases.finish(request, FinishReason.ERROR, null, error);
        } else {
            releases.fail(request, error);
        }
    }

    private boolean next(ActiveRequest request, int batchIndex) {
        if (request.sampled == 0 && !prefillFinished(request)) {
            return false;
        }
        if (request.request.wantsLogprobs()) {
            softmax.load(target::logits, batchIndex);
        }
        int token;
        SampleEvent event = new SampleEvent();
        event.begin();
        try {
            token = request.sampler.get().next(batchIndex, request.sampled);
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException e) {
            LOG.error("Request {}: sampling failed", request.id(), e);
            releases.fail(request, "Sampling failed: " + e.getMessage());
            return false;
        } catch (GrammarException e) {
            LOG.debug("Request {}: {}", request.id(), e.getMessage());
            releases.finish(request, FinishReason.ERROR, null, e.getMessage());
            return false;
        }
        if (event.shouldCommit()) {
            event.request = request.id();
            event.token = token;
            event.commit();
        }
        if (token == TokenSampler.NOTHING) {
            return end(request, Objects.requireNonNullElse(request.lastToken(), 0));
        }
        time(request, token);
        return emit(request, token);
    }

    /** Whether the request wants more than its prompt. */
    private boolean prefillFinished(ActiveRequest request) {
        long nanos = request.clock.prefilled();
        listener.prefillFinished(request.id(), nanos, request.promptTokens, request.cachedTokens);
        PrefillEvent.commit(request.id(), request.promptTokens, request.cachedTokens, nanos);
        if (request.output.wantsPrompt() && !told(request, () -> request.sink.onPrompt(request.output.prompt()))) {
            return false;
        }
        if (request.limit == 0) {
            releases.finish(request, FinishReason.LENGTH, null, null);
            return false;
        }
        return true;
    }

    private void time(ActiveRequest request, int token) {
        long nanos = request.clock.token();
        request.tokens.add(token);
        request.drafting.sampled(token);
        if (++request.sampled == 1) {
            listener.firstToken(request.id(), nanos);
        } else {
            listener.token(request.id(), nanos);
        }
    }

    private boolean emit(ActiveRequest request, int token) {
        TextAssembler assembler = request.output.text();
        boolean ends = pieces.isEog(token) || request.request.stopTokens().contains(token);
        String text = "";
        if (!ends) {
            byte[] piece = pieces.piece(token);
            text = assembler.append(piece);
            if (request.request.wantsLogprobs()) {
                request.output.logprobs().add(softmax.of(token, request.request.logprobs()), piece.length);
            }
        }
        String stop = assembler.matchedStop();
        boolean last = ends || stop != null || request.sampled >= request.limit;
        List<TokenLogprob> logprobs;
        if (stop != null) {
            logprobs = request.output.logprobs().begun(assembler.emitted());
        } else if (last) {
            text += assembler.finish();
            logprobs = request.output.logprobs().rest();
        } else {
            logprobs = request.output.logprobs().complete(assembler.emitted());
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
        if (tell(
                request,
                request.output.text().finish(),
                token,
                request.output.logprobs().rest())) {
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
        } catch (RuntimeException | StackOverflowError e) {
            LOG.warn("Request {}: its sink failed, so it is given up", request.id(), e);
            releases.finish(request, FinishReason.CANCELLED, null, "The receiver failed: " + e);
            return false;
        }
    }
}
