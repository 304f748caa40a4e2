package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.kvant.llama.attention.AttentionTask;
import org.kvant.llama.attention.MaskPart;
import org.kvant.llama.attention.NativeMemory;

/**
 * One thread's working memory and its part of a task: some rows of queries that share a head of keys. Keys and values are unpacked a tile at a
 * time, small enough for the first cache, and used by all the rows.
 */
final class Worker {
    /** Most rows taken at once. */
    static final int ROWS = 32;

    /** Floats of a tile: 16 KiB. */
    private static final int TILE = 4096;

    private static final int MAX_TILE_CELLS = 64;
    private static final int MIN_TILE_CELLS = WIDTH;

    private final Rows keyRows;
    private final Rows valueRows;
    private final int widest;
    private final float[] queries;
    private final float[] tile;
    private final float[] products = new float[ROWS * MAX_TILE_CELLS];
    private final float[] sums;
    private final RunningSoftmax softmax = new RunningSoftmax(ROWS);

    /** @param widest the longest key or value; layers may differ */
    Worker(int widest, Rows keyRows, Rows valueRows) {
        this.widest = widest;
        this.keyRows = keyRows;
        this.valueRows = valueRows;
        tile = new float[Math.max(TILE, MIN_TILE_CELLS * widest)];
        queries = new float[ROWS * widest];
        sums = new float[ROWS * widest];
    }

    static int widest(AttentionTask task) {
        return Math.max(task.keyWidth(), task.valueWidth());
    }

    boolean fits(AttentionTask task) {
        return widest(task) <= widest;
    }

    /**
     * Computes rows of one head of keys.
     *
     * @param first row, see {@link AttentionTask#rows}
     * @param count of rows, at most {@link #ROWS}
     */
    void compute(AttentionTask task, int stream, int head, int first, int count) {
        int group = task.group();
        int keyWidth = task.keyWidth();
        int valueWidth = task.valueWidth();
        int tileCells = Math.clamp(TILE / widest(task) / WIDTH * WIDTH, MIN_TILE_CELLS, MAX_TILE_CELLS);
        for (int row = 0; row < count; row++) {
            loadQuery(task, stream, head * group + (first + row) % group, (first + row) / group, row * keyWidth);
        }
        Arrays.fill(sums, 0, count * valueWidth, 0);
        softmax.begin(count);
        int firstToken = first / group;
        int lastToken = (first + count - 1) / group;
        for (int cell = 0; cell < task.cells(); cell += tileCells) {
            int cells = Math.min(tileCells, task.cells() - cell);
            if (task.mask() != 0) {
                int visible = 0;
                for (int token = firstToken; token <= lastToken && visible < cells; token++) {
                    visible = Math.max(visible, MaskPart.visible(task.maskRow(stream, token, cell), cells));
                }
                cells = visible;
            }
            if (cells > 0) {
                tile(task, stream, head, first, count, cell, cells);
            }
        }
        for (int row = 0; row < count; row++) {
            storeResult(
                    row,
                    valueWidth,
                    task.resultRow(stream, head * group + (first + row) % group, (first + row) / group));
        }
    }

    private void tile(AttentionTask task, int stream, int head, int first, int count, int cell, int cells) {
        int keyWidth = task.keyWidth();
        int valueWidth = task.valueWidth();
        keyRows.unpack(task.keyRow(stream, head, cell), task.keyCell(), cells, keyWidth, tile);
        // Beyond the last cell are rows of an earlier tile: numbers, whose products are masked below.
        int taken = roundUp(cells, Products.KEYS);
        int padded = roundUp(cells, WIDTH);
        for (int row = 0; row < count; row++) {
            Products.of(queries, row * keyWidth, tile, taken, keyWidth, products, row * MAX_TILE_CELLS);
        }
        mask(task, stream, first, count, cell, cells);
        for (int row = 0; row < count; row++) {
            int at = row * MAX_TILE_CELLS;
            for (int i = cells; i < padded; i++) {
                products[at + i] = Float.NEGATIVE_INFINITY;
            }
            softmax.weigh(row, products, at, padded);
        }
        valueRows.unpack(task.valueRow(stream, head, cell), task.valueCell(), cells, valueWidth, tile);
        int row = 0;
        for (; row + 1 < count; row += 2) {
            Sums.addTwo(
                    products,
                    row * MAX_TILE_CELLS,
                    MAX_TILE_CELLS,
                    tile,
                    cells,
                    valueWidth,
                    sums,
                    row * valueWidth,
                    softmax.factor(row),
                    softmax.factor(row + 1));
        }
        if (row < count) {
            Sums.add(
                    products,
                    row * MAX_TILE_CELLS,
                    tile,
                    cells,
                    valueWidth,
                    sums,
                    row * valueWidth,
                    softmax.factor(row));
        }
    }

    private void mask(AttentionTask task, int stream, int first, int count, int cell, int cells) {
        if (task.mask() == 0) {
            return;
        }
        int group = task.group();
        int known = -1;
        boolean clear = true;
        for (int row = 0; row < count; row++) {
            int token = (first + row) / group;
            long mask = task.maskRow(stream, token, cell);
            if (token != known) {
                known = token;
                clear = MaskPart.isClear(mask, cells);
            }
            if (!clear) {
                MaskPart.add(mask, cells, products, row * MAX_TILE_CELLS);
            }
        }
    }

    private void loadQuery(AttentionTask task, int stream, int head, int token, int at) {
        long from = task.queryRow(stream, head, token);
        int keyWidth = task.keyWidth();
        for (int i = 0; i < keyWidth; i += WIDTH) {
            FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, from + (long) i * Float.BYTES, Lanes.ORDER)
                    .mul(task.scale())
                    .intoArray(queries, at + i);
        }
    }

    private void storeResult(int row, int valueWidth, long to) {
        float sum = softmax.sum(row);
        float factor = sum == 0 ? 0 : 1 / sum;
        int at = row * valueWidth;
        for (int i = 0; i < valueWidth; i += WIDTH) {
            FloatVector.fromArray(FLOATS, sums, at + i)
                    .mul(factor)
                    .intoMemorySegment(NativeMemory.ALL, to + (long) i * Float.BYTES, Lanes.ORDER);
        }
    }

    private static int roundUp(int number, int unit) {
        return (number + unit - 1) / unit * unit;
    }
}
