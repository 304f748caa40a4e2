package org.kvant.calibrate;

import java.util.ArrayList;
import java.util.List;

/** Shares out the full second moments over runs of the model, so that those of one run fit into the memory allowed. */
final class MomentPasses {
    private MomentPasses() {}

    /**
     * Neighbours stay together: a run can stop behind the last of its layers.
     *
     * @throws CalibrateException if one input alone needs more
     */
    static List<List<LinearInput>> plan(List<LinearInput> inputs, long memoryBytes) throws CalibrateException {
        List<List<LinearInput>> passes = new ArrayList<>();
        long room = 0;
        for (LinearInput input : inputs) {
            long needed = input.momentBytes();
            if (needed > memoryBytes) {
                throw new CalibrateException("the full second moment of the input of " + input.name() + " needs "
                        + mebibytes(needed) + ", but only " + mebibytes(memoryBytes)
                        + " are allowed; allow more with --memory, or calibrate without --full");
            }
            if (needed > room) {
                passes.add(new ArrayList<>());
                room = memoryBytes;
            }
            passes.getLast().add(input);
            room -= needed;
        }
        return passes;
    }

    /** What a run is for, in words for people. */
    static String describe(List<LinearInput> inputs) {
        int first = inputs.getFirst().block();
        int last = inputs.getLast().block();
        if (first == last) {
            return first < 0 ? "head" : "block " + first;
        }
        return "blocks " + first + " to " + (last < 0 ? "head" : last);
    }

    private static String mebibytes(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20) + " MiB";
    }
}
