package org.kvant.benchmarks.codec;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.kvant.codec.Codec;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.quant.GgmlQuant;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Millions of weights encoded a second on one thread: Java's fastest form, its scalar form, and the library's {@code ggml_quantize_chunk}.
 * The weights are normal with a standard deviation of 0.02, as a model's are.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules=jdk.incubator.vector",
            "-Dkvant.codec=vector"
        })
public class EncodeBenchmark {

    private static final int ROWS = 16;
    private static final int COLUMNS = 2048;

    @Param({"F16", "Q8_0", "Q4_0", "Q5_0", "IQ4_NL", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
    GgmlType type = GgmlType.Q4_K;

    @Param({"false", "true"})
    boolean weighted;

    private final float[] weights = new float[ROWS * COLUMNS];
    private float[] importance = {};
    private byte[] bytes = {};
    private MemorySegment target = MemorySegment.NULL;

    @Setup
    public void fill() {
        Backend.load();
        Random random = new Random(1);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian() * 0.02f;
        }
        importance = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            importance[i] = random.nextFloat();
        }
        bytes = new byte[Math.toIntExact(type.bytes(weights.length))];
        target = MemorySegment.ofArray(bytes);
    }

    @Benchmark
    @OperationsPerInvocation(ROWS * COLUMNS)
    public byte[] fastest() {
        return encode(Codecs.of(type));
    }

    @Benchmark
    @OperationsPerInvocation(ROWS * COLUMNS)
    public byte[] scalar() {
        return encode(Codecs.scalar(type));
    }

    @Benchmark
    @OperationsPerInvocation(ROWS * COLUMNS)
    public byte[] ggml() {
        GgmlQuant.quantizeChunk(type, weights, bytes, ROWS, COLUMNS, weighted ? importance : null);
        return bytes;
    }

    private byte[] encode(Codec codec) {
        codec.encode(weights, 0, target, 0, ROWS, COLUMNS, weighted ? importance : null);
        return bytes;
    }
}
