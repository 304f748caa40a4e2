package org.kvant.engine.sampling;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.kvant.engine.request.TokenLogprob;

/** Log probabilities that wait for their tokens' text: text may be held back until it is certain, and they come with it. */
public final class LogprobQueue {
    private record Waiting(TokenLogprob logprob, long begin, long end) {}

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long bytes;

    /** @param length bytes of the token's text */
    public void add(TokenLogprob logprob, int length) {
        waiting.add(new Waiting(logprob, bytes, bytes + length));
        bytes += length;
    }

    /** Those whose text has gone out. */
    public List<TokenLogprob> complete(long emittedBytes) {
        return take(emittedBytes, false);
    }

    /** Those of which some text has gone out, when the rest was a stop string. */
    public List<TokenLogprob> begun(long emittedBytes) {
        return take(emittedBytes, true);
    }

    /** All. */
    public List<TokenLogprob> rest() {
        return take(Long.MAX_VALUE, false);
    }

    private List<TokenLogprob> take(long emitted, boolean begunOnes) {
        if (waiting.isEmpty()) {
            return List.of();
        }
        List<TokenLogprob> taken = new ArrayList<>();
        while (!waiting.isEmpty()) {
            Waiting first = waiting.getFirst();
            if (begunOnes ? first.begin() >= emitted : first.end() > emitted) {
                break;
            }
            taken.add(first.logprob());
            waiting.removeFirst();
        }
        return taken;
    }
}
