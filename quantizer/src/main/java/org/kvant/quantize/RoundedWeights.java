package org.kvant.quantize;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.network.WeightSource;

/** A model's weights, those that have been rounded as their codes decode. Reading is thread-safe, unless something is added meanwhile. */
final class RoundedWeights implements WeightSource {
    private final WeightSource others;
    private final Map<String, Codes> rounded = new HashMap<>();

    private record Codes(GgmlType type, MemorySegment bytes) {
        float[] decode(long first, int count) {
            float[] values = new float[count];
            Codecs.of(type).decode(bytes, type.bytes(first), values, 0, count);
            return values;
        }
    }

    /** @param others where weights come from that have not been rounded */
    RoundedWeights(WeightSource others) {
        this.others = others;
    }

    void put(String tensor, GgmlType type, byte[] bytes) {
        rounded.put(tensor, new Codes(type, MemorySegment.ofArray(bytes)));
    }

    void remove(String tensor) {
        rounded.remove(tensor);
    }

    @Override
    public float[] values(String tensor) {
        Codes codes = rounded.get(tensor);
        return codes == null
                ? others.values(tensor)
                : codes.decode(
                        0,
                        Math.toIntExact(codes.bytes().byteSize()
                                / codes.type().bytes(codes.type().blockSize())
                                * codes.type().blockSize()));
    }

    @Override
    public float[] rows(String tensor, int columns, int first, int count) {
        Codes codes = rounded.get(tensor);
        return codes == null
                ? others.rows(tensor, columns, first, count)
                : codes.decode((long) first * columns, Math.multiplyExact(count, columns));
    }
}
