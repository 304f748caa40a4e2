package org.kvant.network;

import java.lang.foreign.MemorySegment;
import org.kvant.codec.Codec;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.linalg.Workers;

/** The weights of a GGUF file, decoded at every call. Usable as long as the file is open. */
public final class GgufWeights implements WeightSource {
    private static final int GRAIN = 1 << 16;

    private final GgufFile file;
    private final Workers workers;

    /** @param workers the threads that decode */
    public GgufWeights(GgufFile file, Workers workers) {
        this.file = file;
        this.workers = workers;
    }

    @Override
    public float[] values(String tensor) {
        TensorInfo info = info(tensor);
        return decode(info, 0, info.rows());
    }

    @Override
    public float[] rows(String tensor, int columns, int first, int count) {
        TensorInfo info = info(tensor);
        if (info.columns() != columns || first < 0 || count < 0 || first + (long) count > info.rows()) {
            throw new NetworkException("tensor " + info + " has no rows " + first + " to " + (first + count) + " of "
                    + columns + " values");
        }
        return decode(info, first, count);
    }

    private TensorInfo info(String tensor) {
        return file.tensor(tensor)
                .orElseThrow(() -> new NetworkException(file.path() + ": there is no tensor '" + tensor + "'"));
    }

    private float[] decode(TensorInfo info, long first, long count) {
        if (!Codecs.canEncode(info.type())) {
            throw new NetworkException(file.path() + ": tensor '" + info.name() + "' has type "
                    + info.type().label()
                    + ", which cannot be decoded here; start from an F32, F16, BF16 or Q8_0 file");
        }
        long columns = info.columns();
        if (count * columns > Integer.MAX_VALUE - 8) {
            throw new NetworkException(file.path() + ": tensor " + info + " has more values than an array holds");
        }
        Codec codec = Codecs.of(info.type());
        MemorySegment data = file.data(info);
        long rowBytes = info.type().bytes(columns);
        float[] values = new float[(int) (count * columns)];
        workers.forRanges((int) count, (int) Math.max(1, GRAIN / columns), (from, to) -> {
            codec.decode(data, (first + from) * rowBytes, values, (int) (from * columns), (to - from) * columns);
            requireFinite(info, first, values, (int) (from * columns), (int) (to * columns));
        });
        return values;
    }

    /** One NaN would spread over all states and gradients. */
    private void requireFinite(TensorInfo info, long first, float[] values, int from, int to) {
        for (int i = from; i < to; i++) {
            if (!Float.isFinite(values[i])) {
                throw new NetworkException(file.path() + ": tensor " + info.name() + ", row "
                        + (first + i / info.columns()) + ", column " + i % info.columns() + " is " + values[i]
                        + "; the model is damaged, convert it anew from its checkpoint");
            }
        }
    }
}
