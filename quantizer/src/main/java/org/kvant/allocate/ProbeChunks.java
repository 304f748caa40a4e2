package org.kvant.allocate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.GradientStatistics;
import org.kvant.calibrate.MomentSource;
import org.kvant.evaluate.EvaluateOptions;
import org.kvant.evaluate.KldProbe;
import org.kvant.evaluate.TokenChunks;
import org.kvant.llama.Backend;
import org.kvant.quantize.QuantizeOptions;

/** Opens the probe that measures divergences, on texts if some are named, else on what the calibration held out. */
final class ProbeChunks {
    private static final int FEW = 8;

    private ProbeChunks() {}

    /** @throws AllocateException if there is no text to measure a divergence on */
    static void requireText(AllocateRequest request, @Nullable MomentSource statistics) throws AllocateException {
        if (!request.texts().isEmpty() || statistics instanceof GradientStatistics) {
            return;
        }
        throw new AllocateException("measuring a divergence needs text: name some with --text, or give statistics of"
                + " kvant calibrate --gradient, which hold some out, with --stats"
                + (statistics == null ? "" : "; " + statistics.path() + " holds none out"));
    }

    static KldProbe open(
            QuantizeOptions options,
            AllocateRequest request,
            @Nullable MomentSource statistics,
            Path folder,
            List<String> notes)
            throws IOException {
        requireText(request, statistics);
        Backend.load();
        if (!(statistics instanceof GradientStatistics gradient)
                || !request.texts().isEmpty()) {
            return KldProbe.open(
                    options.input(),
                    request.texts(),
                    request.chunks(),
                    EvaluateOptions.CHUNK_SIZE,
                    options.threads(),
                    folder);
        }
        int[][] all = gradient.chunks();
        int[][] held = IntStream.range(0, all.length)
                .filter(gradient::isHeldOut)
                .mapToObj(i -> all[i])
                .toArray(int[][]::new);
        int[][] chunks = held.length > 0 ? held : all;
        if (held.length == 0) {
            notes.add("the statistics held no text out, so the divergence is measured on the text they were made of,"
                    + " where it looks better than elsewhere; name other text with --text");
        } else if (held.length < FEW) {
            notes.add("the divergence is measured on " + held.length + " chunks that the calibration held out; name"
                    + " more text with --text to know it better");
        }
        return KldProbe.open(options.input(), TokenChunks.of(chunks), options.threads(), folder);
    }
}
