package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.kvant.llama.attention.AttentionTask;
import org.kvant.llama.attention.MaskPart;
import org.kvant.llama.library.NativeMemory;

/**
 * One thread's working memory and its part of a task: some rows of queries that share a head of keys. Keys and values are unpacked a tile at a
 * time, small enough for the first cache, and used by all the rows: one row after the other if they are few, else by as many rows at once as a vector has lanes.
 */
final class Worker {
    /** Most rows taken at once. */
    static final int ROWS = 64;

    /** Floats of a tile: 16 KiB. */
    private static final int TILE = 4096;

    private static final int MAX_TILE_CELLS = 64;
    private static final int MIN_TILE_CELLS = WIDTH;
    /** From here on it pays to fill vectors with rows, even if some lanes are left empty. */
    private static final int MANY = Math.max(2, WIDTH / 2);

    private final Rows keyRows;
    private final Rows valueRows;
    private final int widest;
    private final float[] queries;
    private final float[] tile;
    private final float[] products = new float[ROWS * MAX_TILE_CELLS];
    private final float[] sums;
    private final RunningSoftmax softmax = new RunningSoftmax(ROWS);

    private AttentionTask task;
    private Parts.Part part = new Parts.Part(0, 0, 0, 0, 0, 0);

    /** @param task the first one */
    Worker(AttentionTask task, Rows keyRows, Rows valueRows) {
        this.task = task;
        this.widest = widest(task);
        this.keyRows = keyRows;
        this.valueRows = valueRows;
        tile = new float[Math.max(TILE, MIN_TILE_CELLS * widest)];
        queries = new float[2 * ROWS * widest];
        sums = new float[ROWS * widest];
    }

    private static int widest(AttentionTask task) {
        return Math.max(task.keyWidth(), task.valueWidth());
    }

    /** Whether it has enough memory for it; layers may differ. */
    boolean fits(AttentionTask task) {
        return widest(task) <= widest;
    }

    /** Computes a part of a task, of which all streams together have at most {@link #ROWS} rows. */
    void compute(AttentionTask task, Parts.Part part) {
        this.task = task;
        this.part = part;
        int streams = part.end() - part.begin();
        int count = streams * part.rows();
        int keyWidth = task.keyWidth();
        int valueWidth = task.valueWidth();
        for (int row = 0; row < count; row++) {
            loadQuery(row, keyWidth);
        }
        boolean alone = streams == 1;
        if (count >= MANY && (alone || part.shared() > 0)) {
            Transposition.ofRows(queries, 0, count, keyWidth, queries, ROWS * widest);
        }
        Arrays.fill(sums, 0, roundUp(count, Sums.ROWS) * valueWidth, 0);
        softmax.begin(roundUp(count, WIDTH));
        tiles(0, alone ? task.cells() : part.shared(), 0, count);
        for (int stream = 0; stream < streams && !alone; stream++) {
            int row = stream * part.rows();
            tiles(part.shared(), task.cells(), row, row + part.rows());
        }
        for (int row = 0; row < count; row++) {
            storeResult(row, valueWidth);
        }
    }

    private int stream(int row) {
        return task.shared().order()[part.begin() + row / part.rows()];
    }

    private int token(int row) {
        return (part.first() + row % part.rows()) / task.group();
    }

    private int queryHead(int row) {
        int group = task.group();
        return part.head() * group + (part.first() + row % part.rows()) % group;
    }

    /** Computes cells for rows that have them in common. */
    private void tiles(int fromCell, int toCell, int fromRow, int toRow) {
        int tileCells = Math.clamp(TILE / widest(task) / WIDTH * WIDTH, MIN_TILE_CELLS, MAX_TILE_CELLS);
        for (int cell = fromCell; cell < toCell; cell += tileCells) {
            int cells = Math.min(tileCells, toCell - cell);
            if (task.mask() != 0) {
                cells = visible(cell, cells, fromRow, toRow);
            }
            if (cells > 0) {
                tile(cell, cells, fromRow, toRow);
            }
        }
    }

    /** Cells up to the last one that any of the rows sees. */
    private int visible(int cell, int cells, int fromRow, int toRow) {
        int visible = 0;
        long known = 0;
        for (int row = fromRow; row < toRow && visible < cells; row++) {
            long mask = task.maskRow(stream(row), token(row), cell);
            if (mask != known) {
                visible = Math.max(visible, MaskPart.visible(mask, cells));
                known = mask;
            }
        }
        return visible;
    }

    private void tile(int cell, int cells, int fromRow, int toRow) {
        int stream = stream(fromRow);
        keyRows.unpack(task.keyRow(stream, part.head(), cell), task.keyCell(), cells, task.keyWidth(), tile);
        // Beside some rows only, the other lanes would be other streams' rows.
        boolean many = toRow - fromRow == (part.end() - part.begin()) * part.rows() && toRow - fromRow >= MANY;
        if (many) {
            weighMany(cell, cells, toRow);
        } else {
            weighFew(cell, cells, fromRow, toRow);
        }
        valueRows.unpack(task.valueRow(stream, part.head(), cell), task.valueCell(), cells, task.valueWidth(), tile);
        if (many) {
            addMany(cells, toRow);
        } else {
            addFew(cells, fromRow, toRow);
        }
    }

    /** Products and weights of rows from the first on: for each vector of rows those of the cells one behind the other. */
    private void weighMany(int cell, int cells, int rows) {
        int keyWidth = task.keyWidth();
        // Beyond the last cell are rows of an earlier tile: numbers, whose products nobody looks at.
        int taken = roundUp(cells, Products.MANY_KEYS);
        for (int row = 0; row < rows; row += WIDTH) {
            Products.ofRows(
                    queries, ROWS * widest + row * keyWidth, tile, taken, keyWidth, products, row * MAX_TILE_CELLS);
        }
        mask(cell, cells, 0, rows, true);
        for (int row = 0; row < rows; row += WIDTH) {
            softmax.weighRows(row, products, row * MAX_TILE_CELLS, cells);
        }
    }

    private void addMany(int cells, int rows) {
        int valueWidth = task.valueWidth();
        for (int row = 0; row < rows; row += Sums.ROWS) {
            int weights = row / WIDTH * WIDTH * MAX_TILE_CELLS + row % WIDTH;
            Sums.addFour(
                    products, weights, WIDTH, tile, cells, valueWidth, sums, row * valueWidth, softmax.factors(), row);
        }
    }

    /** Products and weights of some rows: for each row those of the cells one behind the other. */
    private void weighFew(int cell, int cells, int fromRow, int toRow) {
        int keyWidth = task.keyWidth();
        int taken = roundUp(cells, Products.KEYS);
        int padded = roundUp(cells, WIDTH);
        for (int row = fromRow; row < toRow; row++) {
            Products.of(queries, row * keyWidth, tile, taken, keyWidth, products, row * MAX_TILE_CELLS);
        }
        mask(cell, cells, fromRow, toRow, false);
        for (int row = fromRow; row < toRow; row++) {
            int at = row * MAX_TILE_CELLS;
            for (int i = cells; i < padded; i++) {
                products[at + i] = Float.NEGATIVE_INFINITY;
            }
            softmax.weigh(row, products, at, padded);
        }
    }

    private void addFew(int cells, int fromRow, int toRow) {
        int valueWidth = task.valueWidth();
        int row = fromRow;
        for (; row + 1 < toRow; row += 2) {
            Sums.addTwo(
                    products,
                    row * MAX_TILE_CELLS,
                    MAX_TILE_CELLS,
                    tile,
                    cells,
                    valueWidth,
                    sums,
                    row * valueWidth,
                    softmax.factors()[row],
                    softmax.factors()[row + 1]);
        }
        if (row < toRow) {
            Sums.add(
                    products,
                    row * MAX_TILE_CELLS,
                    tile,
                    cells,
                    valueWidth,
                    sums,
                    row * valueWidth,
                    softmax.factors()[row]);
        }
    }

    private void mask(int cell, int cells, int fromRow, int toRow, boolean many) {
        if (task.mask() == 0) {
            return;
        }
        long known = 0;
        boolean clear = true;
        for (int row = fromRow; row < toRow; row++) {
            long mask = task.maskRow(stream(row), token(row), cell);
            if (mask != known) {
                known = mask;
                clear = MaskPart.isClear(mask, cells);
            }
            if (!clear) {
                int at = many ? row / WIDTH * WIDTH * MAX_TILE_CELLS + row % WIDTH : row * MAX_TILE_CELLS;
                MaskPart.add(mask, cells, products, at, many ? WIDTH : 1);
            }
        }
    }

    private void loadQuery(int row, int keyWidth) {
        long from = task.queryRow(stream(row), queryHead(row), token(row));
        int at = row * keyWidth;
        for (int i = 0; i < keyWidth; i += WIDTH) {
            FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, from + (long) i * Float.BYTES, Lanes.ORDER)
                    .mul(task.scale())
                    .intoArray(queries, at + i);
        }
    }

    private void storeResult(int row, int valueWidth) {
        long to = task.resultRow(stream(row), queryHead(row), token(row));
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
