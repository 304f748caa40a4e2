package org.kvant.calibrate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import org.kvant.calibrate.LinearInput.Kind;
import org.kvant.gguf.GgufFile;

/**
 * The means of {@code x xᵀ} of {@link Statistics}, or their diagonals. Nothing is held out, and nothing is known of how tensors compare.
 *
 * <p>Position 0 counts more than it did in the text: what attention rests on suffers from errors that its share of the tokens does not
 * account for. It counts less where its activations are so large that they would hide all others'. (GradientStatistics need no such knob.)
 */
public final class PlainMoments implements MomentSource {
    /** Found by measuring: the divergence of a model in IQ4_NL fell by a third from that with a weight of 1. */
    private static final double SINK_WEIGHT = 16;

    /** The most that position 0's trace may have of the others'. */
    private static final double SINK_SHARE = 4;

    /** As rounding allows it. */
    private static final double SLACK = 1.01;

    private final Statistics statistics;

    private PlainMoments(Statistics statistics) {
        this.statistics = statistics;
    }

    /**
     * Opens a file.
     *
     * @throws CalibrateException if it is not such a file, of a newer version or damaged
     */
    public static PlainMoments open(Path path) throws IOException {
        return new PlainMoments(Statistics.open(path));
    }

    @Override
    public Path path() {
        return statistics.file();
    }

    @Override
    public void requireModel(GgufFile model) throws IOException {
        statistics.requireModel(model);
    }

    @Override
    public String identity() throws IOException {
        MessageDigest digest = Fingerprint.sha256();
        String what = (diagonal() ? "diagonals " : "moments ") + SINK_WEIGHT + " " + SINK_SHARE + " "
                + statistics.fingerprint() + " " + statistics.tokenWeights();
        digest.update(what.getBytes(StandardCharsets.UTF_8));
        for (int[] chunk : statistics.chunks()) {
            digest.update(Arrays.toString(chunk).getBytes(StandardCharsets.UTF_8));
        }
        return Fingerprint.hex(digest);
    }

    @Override
    public boolean has(String weight) {
        return statistics.inputOf(weight).isPresent();
    }

    @Override
    public List<String> weights() {
        return statistics.inputs().stream()
                .flatMap(input -> input.weights().stream())
                .sorted()
                .toList();
    }

    @Override
    public int columns(String weight) {
        return statistics.inputOf(weight).map(LinearInput::columns).orElse(0);
    }

    /** An expert that no token was sent to has no preference: the identity. */
    @Override
    public float[] moment(String weight, int matrix) throws IOException {
        LinearInput input = statistics
                .inputOf(weight)
                .orElseThrow(() -> new IllegalArgumentException(path() + ": has nothing about " + weight));
        if (matrix < 0 || matrix >= input.matrices()) {
            throw new CalibrateException(path() + ": has " + input.matrices() + " matrices of " + weight
                    + ", not one of number " + matrix + "; calibrate again");
        }
        int n = input.columns();
        float[] square = new float[Math.multiplyExact(n, n)];
        double count = statistics.counts(weight)[input.kind() == Kind.EXPERTS ? matrix : 0];
        if (count == 0) {
            for (int i = 0; i < n; i++) {
                square[i * n + i] = 1;
            }
            return square;
        }
        if (diagonal()) {
            fillDiagonal(weight, matrix, n, square);
        } else {
            Moment moment = statistics.moment(weight, matrix);
            moment.copyTo(sinkWeight(moment.bodyTrace(), moment.sinkTrace()), square);
        }
        for (int i = 0; i < square.length; i++) {
            square[i] = (float) (square[i] / count);
        }
        requireSound(weight, n, square);
        return square;
    }

    private void fillDiagonal(String weight, int matrix, int n, float[] square) throws IOException {
        float[] all = statistics.diagonal(weight);
        float[] sink = statistics.sinkDiagonal(weight);
        double allTrace = 0;
        double sinkTrace = 0;
        for (int i = matrix * n; i < (matrix + 1) * n; i++) {
            allTrace += all[i];
            sinkTrace += sink[i];
        }
        double factor = sinkWeight(Math.max(0, allTrace - sinkTrace), sinkTrace);
        for (int i = 0; i < n; i++) {
            int from = matrix * n + i;
            // Their difference may be a rounding error below zero.
            square[i * n + i] = (float) (Math.max(0, (double) all[from] - sink[from]) + factor * sink[from]);
        }
    }

    private static double sinkWeight(double body, double sink) {
        return sink > 0 && body > 0 ? Math.min(SINK_WEIGHT, SINK_SHARE * body / sink) : 1;
    }

    /** A damaged file must not look like a fault of the model when it comes to rounding. */
    private void requireSound(String weight, int n, float[] square) throws CalibrateException {
        for (int i = 0; i < n; i++) {
            double own = square[i * n + i];
            for (int j = 0; j <= i; j++) {
                float value = square[i * n + j];
                if (!(Math.abs(value) <= SLACK * Math.sqrt(own * square[j * n + j]))
                        || value == Float.POSITIVE_INFINITY) {
                    throw new CalibrateException(path() + ": the moment of the input of " + weight + " has " + value
                            + " at (" + i + ", " + j + "), which no text gives; it is damaged, calibrate again");
                }
            }
        }
    }

    @Override
    public float[] training(String weight, int matrix) throws IOException {
        return moment(weight, matrix);
    }

    @Override
    public float[] heldOut(String weight, int matrix) {
        int n = columns(weight);
        return new float[Math.multiplyExact(n, n)];
    }

    @Override
    public boolean hasHeldOut() {
        return false;
    }

    @Override
    public boolean diagonal() {
        return !statistics.full();
    }

    @Override
    public boolean divergence() {
        return false;
    }

    @Override
    public void close() {
        statistics.close();
    }
}
