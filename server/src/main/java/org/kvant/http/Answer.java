package org.kvant.http;

import io.vertx.core.Context;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenLogprob;
import org.kvant.engine.request.TokenSink;

/**
 * One HTTP request's generations, from the submit to the last byte.
 *
 * <pre>
 * decode thread: sink → mailbox → (if none is on its way) runOnContext ─┐
 * event loop:                        drain: all that waits → one write ←┘
 *                 write queue full → pause the generations, stop draining;  drained → drain, resume
 *                 client gone      → cancel the generations
 * </pre>
 *
 * Everything except the sinks runs on the connection's event loop.
 */
final class Answer {
    /** A finished text waits so long for a reader that takes nothing. */
    private static final Duration STALLED = Duration.ofMinutes(5);

    /** Pieces in one write: after so many the reader's pace is looked at, and other connections have their turn. */
    static final int MOST_AT_ONCE = 256;

    private final Context context;
    private final HttpServerResponse response;
    private final Inference inference;
    private final List<GenerationRequest> requests;
    private final AnswerWriter writer;
    private final RequestEvents events;
    private final Runnable whenOver;

    private final Queue<Event> mailbox = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainComes = new AtomicBoolean();

    private final @Nullable Generation[] generations;
    private int submitted;
    private int ended;
    private boolean paused;
    private int pauses;
    private boolean over;

    /** The prompt's log probabilities (neither text nor end), a piece of text, or the end. */
    private record Event(
            int index,
            @Nullable String text,
            List<TokenLogprob> logprobs,
            @Nullable Finish finish) {
        boolean givenUp() {
            return finish != null && finish.reason() == FinishReason.CANCELLED;
        }
    }

    /**
     * @param prepared with one request for each choice, at least one
     * @param events told the end of each generation, refusals and the end of all
     * @param whenOver called once, when nothing more will be written
     */
    Answer(
            Context context,
            HttpServerResponse response,
            Inference inference,
            Prepared prepared,
            AnswerWriter writer,
            RequestEvents events,
            Runnable whenOver) {
        this.context = context;
        this.response = response;
        this.inference = inference;
        this.requests = prepared.requests();
        this.writer = writer;
        this.events = events;
        this.whenOver = whenOver;
        this.generations = new Generation[prepared.requests().size()];
    }

    void start() {
        response.exceptionHandler(_ -> clientGone());
        response.closeHandler(_ -> clientGone());
        if (response.closed()) {
            clientGone();
        } else {
            submitMore();
        }
    }

    /**
     * Keeps at most as many generations under way as can run at a time, so that one request of many prompts doesn't fill the queue. Only a queue
     * that is full for the first of them fails the request: the others have something to wait for.
     */
    private void submitMore() {
        int limit = inference.model().maxSequences();
        while (!over && submitted < requests.size() && submitted - ended < limit) {
            int index = submitted;
            try {
                generations[index] = inference.submit(requests.get(index), new Sink(index));
                submitted++;
            } catch (QueueFullException e) {
                if (submitted == ended) {
                    refuse(Answers.describe(e));
                }
                return;
            } catch (RequestRejectedException | RuntimeException e) {
                refuse(Answers.describe(e));
                return;
            }
        }
    }

    private final class Sink implements TokenSink {
        private final int index;

        Sink(int index) {
            this.index = index;
        }

        @Override
        public void onText(String text, int tokenId) {
            post(new Event(index, text, List.of(), null));
        }

        @Override
        public void onText(String text, int tokenId, List<TokenLogprob> logprobs) {
            post(new Event(index, text, logprobs, null));
        }

        @Override
        public void onPrompt(List<TokenLogprob> logprobs) {
            post(new Event(index, null, logprobs, null));
        }

        @Override
        public void onFinish(Finish finish) {
            // Also of generations whose reader has left; before the answer's end, so that the last line is out when the
            // server stops.
            context.runOnContext(_ -> events.generated(index, requests.get(index), finish, inference.tokenizer()));
            post(new Event(index, null, List.of(), finish));
        }
    }

    /** On the decode thread: one task on the event loop is enough, however many tokens come until it runs. */
    private void post(Event event) {
        mailbox.add(event);
        scheduleDrain();
    }

    private void scheduleDrain() {
        if (drainComes.compareAndSet(false, true)) {
            context.runOnContext(_ -> drain());
        }
    }

    private void drain() {
        // Before looking into the mailbox: what comes after the look makes a new task.
        drainComes.set(false);
        if (over) {
            return;
        }
        if (paused) {
            // The engine gives up a generation that stays paused for too long: its reader won't come back.
            if (mailbox.stream().anyMatch(Event::givenUp)) {
                abandon();
            }
            return;
        }
        int endedBefore = ended;
        int left = MOST_AT_ONCE;
        for (Event event = mailbox.poll(); event != null; event = --left > 0 ? mailbox.poll() : null) {
            if (event.text() != null) {
                writer.text(event.index(), event.text(), event.logprobs());
            } else if (event.finish() == null) {
                writer.prompt(event.index(), event.logprobs());
            } else if (!end(event.index(), event.finish())) {
                return;
            }
        }
        writer.flush();
        if (ended == requests.size()) {
            over();
            writer.complete().onComplete(_ -> done(null));
            return;
        }
        if (ended != endedBefore) {
            submitMore();
        }
        if (over) {
            return;
        }
        if (response.writeQueueFull()) {
            pause();
        } else if (left == 0) {
            scheduleDrain();
        }
    }

    /** Whether the answer goes on. */
    private boolean end(int index, Finish finish) {
        generations[index] = null;
        ended++;
        if (finish.reason() == FinishReason.STOP || finish.reason() == FinishReason.LENGTH) {
            writer.end(index, finish);
            return true;
        }
        String why = finish.error() == null ? "The generation was given up." : finish.error();
        fail(
                switch (finish.reason()) {
                    case ERROR -> ApiError.internal(why);
                    case TIMEOUT -> ApiError.timeoutOver();
                    default -> ApiError.unavailable(why);
                });
        return false;
    }

    private void pause() {
        paused = true;
        forRunning(Generation::pause);
        response.drainHandler(_ -> {
            if (paused && !over) {
                paused = false;
                forRunning(Generation::resume);
                drain();
            }
        });
        int pause = ++pauses;
        context.owner().setTimer(STALLED.toMillis(), _ -> {
            if (paused && !over && pause == pauses) {
                abandon();
            }
        });
    }

    /** The reader takes nothing: there is no way to tell it anything either. */
    private void abandon() {
        over();
        forRunning(Generation::cancel);
        response.reset();
        done(null);
    }

    private void clientGone() {
        if (!over) {
            over();
            forRunning(generation -> generation.cancel("The client has left."));
            done(null);
        }
    }

    private void refuse(ApiError error) {
        events.refused(error);
        fail(error);
    }

    private void fail(ApiError error) {
        over();
        forRunning(Generation::cancel);
        writer.fail(error).onComplete(_ -> done(error));
    }

    private void done(@Nullable ApiError error) {
        // Behind what the sinks have put there: generations that have ended are told before this.
        context.runOnContext(_ -> events.ended(error));
        whenOver.run();
    }

    private void over() {
        over = true;
        mailbox.clear();
        writer.release();
    }

    private void forRunning(Consumer<Generation> action) {
        for (Generation generation : generations) {
            if (generation != null) {
                action.accept(generation);
            }
        }
    }
}
