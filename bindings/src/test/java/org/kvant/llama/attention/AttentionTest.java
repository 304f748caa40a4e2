package org.kvant.llama.attention;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.library.NativeMemory;
import org.kvant.llama.quant.GgmlQuant;

/** The kernels' attention is that of the definition, and ggml's but for the rounding of ggml's queries. */
class AttentionTest {
    private static final long SEED = Long.getLong("kvant.seed", System.nanoTime());
    private static final List<GgmlType> TYPES =
            List.of(GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.IQ4_NL);

    @BeforeAll
    static void load() {
        Backend.load();
        System.out.println("kvant.seed=" + SEED);
    }

    private static List<Arguments> shapes() {
        List<Arguments> shapes = new ArrayList<>();
        for (GgmlType type : TYPES) {
            shapes.add(Arguments.of(new AttentionShape(3, 1, 9, 3, 150, 64, 64, type, type)));
        }
        GgmlType k = GgmlType.Q8_0;
        GgmlType v = GgmlType.Q4_0;
        shapes.add(Arguments.of(new AttentionShape(1, 1, 4, 4, 7, 32, 32, k, v)));
        shapes.add(Arguments.of(new AttentionShape(2, 5, 8, 2, 333, 128, 96, k, v)));
        shapes.add(Arguments.of(new AttentionShape(1, 40, 6, 2, 256, 256, 256, k, k)));
        shapes.add(Arguments.of(new AttentionShape(16, 2, 3, 1, 64, 64, 64, v, k)));
        shapes.add(Arguments.of(new AttentionShape(1, 3, 1, 1, 1, 64, 128, k, k)));
        return shapes;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void isAttention(AttentionShape shape) throws Exception {
        Random random = new Random(SEED);
        try (AttentionSample sample = new AttentionSample(shape, 2, random)) {
            for (boolean masked : new boolean[] {false, true}) {
                if (masked) {
                    mask(sample, shape, random);
                }
                sample.computeByGgml();
                float[] theirs = sample.result();
                double[] exact = exact(sample.task());
                for (int threads : new int[] {1, 2, 5}) {
                    sample.clearResult();
                    compute(sample.task(), threads);
                    float[] ours = sample.result();
                    assertThat(distance(exact, ours))
                            .as("from the definition, %s threads, masked %s", threads, masked)
                            .isLessThan(1e-5);
                    assertThat(distance(exact, theirs))
                            .as("ggml's from the definition, masked %s", masked)
                            .isLessThan(0.03);
                }
            }
        }
    }

    private static List<AttentionShape> severalStreams() {
        GgmlType k = GgmlType.Q8_0;
        GgmlType v = GgmlType.Q4_0;
        return List.of(
                new AttentionShape(16, 1, 9, 3, 200, 64, 64, k, k),
                new AttentionShape(7, 3, 4, 2, 333, 128, 96, k, v),
                new AttentionShape(40, 1, 8, 2, 100, 32, 32, v, k),
                new AttentionShape(6, 5, 8, 4, 200, 64, 64, k, k),
                new AttentionShape(3, 30, 4, 1, 150, 64, 256, k, k));
    }

    @ParameterizedTest
    @MethodSource("severalStreams")
    void readsOnceWhatStreamsShare(AttentionShape shape) throws Exception {
        Random random = new Random(SEED);
        try (AttentionSample sample = new AttentionSample(shape, 2, random)) {
            AttentionTask task = sample.share(groups(shape, random));
            assertThat(task.shared().any()).isTrue();
            for (boolean masked : new boolean[] {false, true}) {
                if (masked) {
                    mask(sample, shape, random);
                }
                double[] exact = exact(task);
                for (int threads : new int[] {1, 2, 5}) {
                    sample.clearResult();
                    compute(task, threads);
                    assertThat(distance(exact, sample.result()))
                            .as("%s threads, masked %s", threads, masked)
                            .isLessThan(1e-5);
                }
            }
        }
    }

    /** The streams in any order, two or more of them together, another group or single ones behind. */
    private static SharedCells groups(AttentionShape shape, Random random) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, shape.streams()).boxed().toList());
        Collections.shuffle(order, random);
        int first = 2 + random.nextInt(shape.streams() - 1);
        List<Integer> ends = new ArrayList<>(List.of(first));
        while (ends.getLast() < shape.streams()) {
            ends.add(Math.min(shape.streams(), ends.getLast() + 1 + random.nextInt(3)));
        }
        int[] cells = random.ints(ends.size(), 1, shape.cells() + 1).toArray();
        return new SharedCells(
                order.stream().mapToInt(Integer::intValue).toArray(),
                ends.stream().mapToInt(Integer::intValue).toArray(),
                cells);
    }

    /** Some cells at random, the last ones for all, one token of one stream whole. */
    private static void mask(AttentionSample sample, AttentionShape shape, Random random) {
        for (int stream = 0; stream < shape.streams(); stream++) {
            int end = 1 + random.nextInt(shape.cells());
            for (int token = 0; token < shape.tokens(); token++) {
                boolean all = stream == 0 && token == shape.tokens() - 1;
                for (int cell = 0; cell < shape.cells(); cell++) {
                    if (all || cell >= end || random.nextInt(10) == 0) {
                        sample.mask(stream, token, cell);
                    }
                }
            }
        }
    }

    private static void compute(AttentionTask task, int threads) throws Exception {
        AttentionKernel kernel = AttentionKernels.create(threads);
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            // Twice: the second task finds what the first one left.
            for (int round = 0; round < 2; round++) {
                List<Future<?>> parts = new ArrayList<>();
                for (int thread = 0; thread < threads; thread++) {
                    int number = thread;
                    parts.add(pool.submit(() -> kernel.compute(task, number, threads)));
                }
                for (Future<?> part : parts) {
                    part.get();
                }
            }
        }
    }

    private static double[] exact(AttentionTask task) {
        double[] result = new double[task.streams() * task.tokens() * task.heads() * task.valueWidth()];
        int at = 0;
        for (int stream = 0; stream < task.streams(); stream++) {
            for (int token = 0; token < task.tokens(); token++) {
                for (int head = 0; head < task.heads(); head++, at += task.valueWidth()) {
                    double[] row = row(task, stream, token, head);
                    System.arraycopy(row, 0, result, at, row.length);
                }
            }
        }
        return result;
    }

    private static double[] row(AttentionTask task, int stream, int token, int head) {
        int keyHead = head / task.group();
        double[] sums = new double[task.valueWidth()];
        double all = 0;
        double[] products = new double[task.cells()];
        for (int cell = 0; cell < task.cells(); cell++) {
            float[] key = unpack(task.keyType(), task.keyRow(stream, keyHead, cell), task.keyWidth());
            for (int i = 0; i < key.length; i++) {
                products[cell] += key[i]
                        * (double) NativeMemory.getFloat(task.queryRow(stream, head, token) + (long) i * Float.BYTES);
            }
            products[cell] = products[cell] * task.scale() + NativeMemory.getHalf(task.maskRow(stream, token, cell));
        }
        double largest = Arrays.stream(products).max().orElseThrow();
        for (int cell = 0; cell < task.cells() && largest > Double.NEGATIVE_INFINITY; cell++) {
            double weight = Math.exp(products[cell] - largest);
            all += weight;
            float[] value = unpack(task.valueType(), task.valueRow(stream, keyHead, cell), task.valueWidth());
            for (int i = 0; i < value.length; i++) {
                sums[i] += weight * value[i];
            }
        }
        for (int i = 0; i < sums.length && all > 0; i++) {
            sums[i] /= all;
        }
        return sums;
    }

    private static float[] unpack(GgmlType type, long address, int width) {
        byte[] bytes = new byte[Math.toIntExact(type.bytes(width))];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = NativeMemory.ALL.get(java.lang.foreign.ValueLayout.JAVA_BYTE, address + i);
        }
        return GgmlQuant.dequantize(type, bytes, width);
    }

    /** Root of the mean square. */
    private static double distance(double[] expected, float[] actual) {
        assertThat(actual).hasSameSizeAs(expected);
        double sum = 0;
        for (int i = 0; i < expected.length; i++) {
            sum += (actual[i] - expected[i]) * (actual[i] - expected[i]);
        }
        return Math.sqrt(sum / expected.length);
    }
}
