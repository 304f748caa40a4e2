package org.kvant.engine.runtime;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.DecodeResult;

/**
 * Tries how many threads compute fastest: single tokens, which mostly wait for memory, and prompts, which mostly multiply. Belongs to the decode
 * thread, before there is any request.
 */
final class ThreadTrial {
    /** Most rounds; each tries every number once, so that what else the machine does hits all of them. */
    private static final int ROUNDS = 7;
    /** No further round begins after this. */
    private static final long ENOUGH_NANOS = 400_000_000L;
    /** Not even the first round goes on after this. A large model needs longer, and its times vary little. */
    private static final long MOST_NANOS = 1_500_000_000L;

    private static final int PROMPT_TOKENS = 32;
    /** Another number than the usual one has to be so much faster, or noise would choose. */
    private static final double CLEARLY = 0.95;

    private final Context context;
    private final Batch single = new Batch(1);
    private final Batch prompt;

    private ThreadTrial(Context context) {
        this.context = context;
        int length = Math.min(PROMPT_TOKENS, context.batchSize());
        int vocabulary = context.model().vocab().size();
        prompt = new Batch(length);
        for (int i = 0; i < length; i++) {
            // Different ones, or a mixture of experts would ask the same expert again and again.
            prompt.add((int) (i * 7919L % vocabulary), i, 0, false);
        }
    }

    /**
     * Sets the context's threads to what was fastest. Its memory is empty before and after.
     *
     * @param usual the number that is taken unless another one is clearly faster
     * @param most the largest number tried
     */
    static void run(Context context, int usual, int most) {
        List<Integer> counts = candidates(usual, most);
        if (counts.size() > 1) {
            new ThreadTrial(context).run(counts);
        }
    }

    private void run(List<Integer> counts) {
        long begin = System.nanoTime();
        List<List<Long>> singles = new ArrayList<>();
        List<List<Long>> prompts = new ArrayList<>();
        counts.forEach(_ -> {
            singles.add(new ArrayList<>());
            prompts.add(new ArrayList<>());
        });
        // The first decode reads the weights from the disk.
        boolean going = time(prompt) >= 0;
        for (int round = 0; going && round < ROUNDS && System.nanoTime() - begin < ENOUGH_NANOS; round++) {
            for (int i = 0; going && i < counts.size() && System.nanoTime() - begin < MOST_NANOS; i++) {
                context.setThreads(counts.get(i), counts.get(i));
                long promptNanos = time(prompt);
                // The first one still wakes threads.
                going = promptNanos >= 0 && time(single) >= 0;
                long singleNanos = going ? time(single) : -1;
                if (singleNanos >= 0) {
                    prompts.get(i).add(promptNanos);
                    singles.get(i).add(singleNanos);
                }
            }
        }
        int forTokens = fastest(counts, singles);
        int forPrompts = fastest(counts, prompts);
        context.setThreads(forTokens, forPrompts);
        context.memory().clear(true);
        LOG.debug("Threads {}: tokens {} ns, prompts {} ns", counts, singles, prompts);
    }

    /** Nanoseconds of a decode; -1 if it was broken off. A token goes behind the last one, a prompt into an empty memory. */
    private long time(Batch batch) {
        if (batch == prompt) {
            context.memory().clear(false);
        } else {
            batch.clear();
            batch.add(0, context.memory().maxPosition(0) + 1, 0, true);
        }
        long begin = System.nanoTime();
        return context.decode(batch) instanceof DecodeResult.Ok ? System.nanoTime() - begin : -1;
    }

    /** The usual number first: 1, 2, 3, 4, 6, 8, 12, 16, ... and the largest. */
    static List<Integer> candidates(int usual, int most) {
        SortedSet<Integer> counts = new TreeSet<>();
        for (int power = 1; power <= most; power *= 2) {
            counts.add(power);
            if (power % 2 == 0 && power + power / 2 <= most) {
                counts.add(power + power / 2);
            }
        }
        counts.add(Math.max(1, most));
        int first = Math.clamp(usual, 1, Math.max(1, most));
        counts.remove(first);
        List<Integer> ordered = new ArrayList<>(List.of(first));
        // Near ones next: if time runs out, those far off were unlikely anyway.
        counts.stream()
                .sorted((a, b) -> Integer.compare(Math.abs(a - first), Math.abs(b - first)))
                .forEach(ordered::add);
        return ordered;
    }

    /**
     * The first one, unless another's median time is clearly shorter.
     *
     * @param times by the place in {@code counts}; one that has none wasn't reached
     */
    static int fastest(List<Integer> counts, List<List<Long>> times) {
        int best = 0;
        if (times.getFirst().isEmpty()) {
            return counts.getFirst();
        }
        double usual = median(times.getFirst());
        double shortest = usual;
        for (int i = 1; i < counts.size(); i++) {
            if (!times.get(i).isEmpty()) {
                double median = median(times.get(i));
                if (median < shortest && median < CLEARLY * usual) {
                    shortest = median;
                    best = i;
                }
            }
        }
        return counts.get(best);
    }

    private static double median(List<Long> times) {
        long[] sorted = times.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2.0;
    }
}
