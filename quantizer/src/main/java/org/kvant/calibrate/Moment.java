package org.kvant.calibrate;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The full second moment of one input, sum of x x^T, in two parts: the body (all positions but 0), of which the upper triangle is mapped from the
 * file, and the sink (position 0), of which the vectors are there. Valid while its {@link Statistics} are open.
 */
public final class Moment {
    private final int columns;
    private final MemorySegment triangle;
    private final List<SinkRows.Row> sink;

    Moment(int columns, MemorySegment triangle, List<SinkRows.Row> sink) {
        this.columns = columns;
        this.triangle = triangle;
        this.sink = sink;
    }

    /** Length of the input: the moment is a square of it. */
    public int columns() {
        return columns;
    }

    /** One element of the body. */
    public float body(int row, int column) {
        int from = Math.min(row, column);
        return triangle.getAtIndex(
                TensorStore.FLOAT, RankUpdate.rowStart(from, columns) + Math.max(row, column) - from);
    }

    /** Sum of the body's diagonal. */
    public double bodyTrace() {
        double trace = 0;
        for (int i = 0; i < columns; i++) {
            trace += body(i, i);
        }
        return trace;
    }

    /** Sum of the sink's diagonal. */
    public double sinkTrace() {
        double trace = 0;
        for (SinkRows.Row row : sink) {
            double norm = 0;
            for (float value : row.values()) {
                norm += (double) value * value;
            }
            trace += row.weight() * norm;
        }
        return trace;
    }

    /** The diagonal of body and sink together. */
    public double[] diagonal() {
        double[] diagonal = new double[columns];
        for (int i = 0; i < columns; i++) {
            diagonal[i] = body(i, i);
            for (SinkRows.Row row : sink) {
                diagonal[i] += row.weight() * row.values()[i] * row.values()[i];
            }
        }
        return diagonal;
    }

    /**
     * Body + {@code sinkWeight} * sink, as a full symmetric matrix.
     *
     * @param sinkWeight 1 for what was measured; more to protect what attention sinks depend on, 0 to leave them out
     * @param target {@code columns * columns} floats, overwritten
     */
    public void copyTo(double sinkWeight, float[] target) {
        if (target.length != Math.multiplyExact(columns, columns)) {
            throw new IllegalArgumentException(
                    columns + " columns need " + (long) columns * columns + " floats, not " + target.length);
        }
        double[] row = new double[columns];
        for (int i = 0; i < columns; i++) {
            long at = RankUpdate.rowStart(i, columns) - i;
            for (int j = i; j < columns; j++) {
                row[j] = triangle.getAtIndex(TensorStore.FLOAT, at + j);
            }
            for (SinkRows.Row vector : sink) {
                float[] x = vector.values();
                double scale = sinkWeight * vector.weight() * x[i];
                for (int j = i; j < columns; j++) {
                    row[j] += scale * x[j];
                }
            }
            for (int j = i; j < columns; j++) {
                target[i * columns + j] = (float) row[j];
                target[j * columns + i] = (float) row[j];
            }
        }
    }
}
