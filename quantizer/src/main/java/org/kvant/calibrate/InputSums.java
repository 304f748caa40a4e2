package org.kvant.calibrate;

/**
 * Sums of squares of one input, position 0 apart: it carries activations hundreds of times the others' in many models (attention sinks), so
 * that whoever uses the sums may want to weigh it differently.
 */
final class InputSums {
    private final LinearInput input;
    private final double[] body;
    private final double[] sink;
    private final long[] bodyCounts;
    private final long[] sinkCounts;

    InputSums(LinearInput input) {
        this(
                input,
                new double[Math.multiplyExact(input.columns(), input.matrices())],
                new double[Math.multiplyExact(input.columns(), input.matrices())],
                new long[input.countsKept()],
                new long[input.countsKept()]);
    }

    InputSums(LinearInput input, double[] body, double[] sink, long[] bodyCounts, long[] sinkCounts) {
        this.input = input;
        this.body = body;
        this.sink = sink;
        this.bodyCounts = bodyCounts;
        this.sinkCounts = sinkCounts;
    }

    /** Adds the vector that begins at {@code at}. */
    void add(float[] x, int at, int matrix, boolean first) {
        double[] sums = first ? sink : body;
        int columns = input.columns();
        int to = matrix * columns;
        for (int j = 0; j < columns; j++) {
            double value = x[at + j];
            sums[to + j] += value * value;
        }
    }

    void count(int which, boolean first) {
        (first ? sinkCounts : bodyCounts)[which]++;
    }

    /** @throws CalibrationFailure if an activation was not finite */
    void requireFinite() {
        for (int i = 0; i < body.length; i++) {
            if (!Double.isFinite(body[i] + sink[i])) {
                throw new CalibrationFailure(
                        "the input of " + input.name()
                                + " has infinite or undefined values: the model computes nonsense on this text, or its file is damaged");
            }
        }
    }

    /** Sums of all positions but 0; shared, not to be written. */
    double[] body() {
        return body;
    }

    /** Sums of position 0. */
    double[] sink() {
        return sink;
    }

    /** Vectors in {@link #body}: one number, or one an expert. */
    long[] bodyCounts() {
        return bodyCounts;
    }

    /** Vectors in {@link #sink}. */
    long[] sinkCounts() {
        return sinkCounts;
    }
}
