package org.kvant.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.TensorInfo;

/**
 * What a report says of a file.
 *
 * @param file its path
 * @param bytes of all its parts
 * @param bitsPerWeight of all tensors together
 * @param maker what made it
 * @param tensors in the order of layers
 * @param losses what its types cost as it says itself
 * @param notes metadata that tell how it was made, as text
 */
record ModelFacts(
        Path file,
        long bytes,
        double bitsPerWeight,
        Maker maker,
        List<Tensor> tensors,
        RecordedLosses losses,
        Map<String, String> notes) {

    private static final int LONGEST_NOTE = 20_000;

    /**
     * @param error root mean square of the weights' change relative to their own, if the reference has the tensor in the same shape
     * @param loss what the type costs as the file says, if it does
     */
    record Tensor(TensorInfo info, TensorRole role, OptionalDouble error, OptionalDouble loss) {}

    static ModelFacts of(Path path, WeightErrors errors) throws IOException {
        try (GgufFile file = GgufFile.open(path)) {
            List<Tensor> tensors = new ArrayList<>();
            long elements = 0;
            long bytes = 0;
            RecordedLosses losses = RecordedLosses.of(file);
            for (TensorInfo info : file.tensors()) {
                Double loss = losses.byTensor().get(info.name());
                tensors.add(new Tensor(
                        info,
                        TensorRole.of(info.name()),
                        errors.of(file, info),
                        loss == null ? OptionalDouble.empty() : OptionalDouble.of(loss)));
                elements += info.elements();
                bytes += info.bytes();
            }
            // Stable: within a layer the file's order stays. Embeddings come before the blocks, what follows them
            // after.
            tensors.sort(Comparator.comparingInt(tensor -> tensor.role().place()));
            return new ModelFacts(
                    path,
                    file.sizeBytes(),
                    8.0 * bytes / Math.max(1, elements),
                    Maker.of(file),
                    List.copyOf(tensors),
                    losses,
                    notes(file));
        }
    }

    private static Map<String, String> notes(GgufFile file) {
        Map<String, String> notes = new LinkedHashMap<>();
        file.metadata().asMap().forEach((key, value) -> {
            boolean wanted = key.startsWith("kvant.")
                    || key.startsWith("quantize.")
                    || key.equals("general.file_type")
                    || key.equals("general.quantized_by")
                    || key.equals("general.name");
            if (wanted) {
                notes.put(key, text(value));
            }
        });
        return notes;
    }

    private static String text(MetaValue value) {
        String text = switch (value) {
            case MetaValue.Str v -> v.value();
            case MetaValue.U32 v -> Long.toString(v.value());
            case MetaValue.I32 v -> Integer.toString(v.value());
            case MetaValue.F32 v -> Float.toString(v.value());
            case MetaValue.F64 v -> Double.toString(v.value());
            case MetaValue.Bool v -> Boolean.toString(v.value());
            case MetaValue.I64 v -> Long.toString(v.value());
            case MetaValue.U64 v -> Long.toUnsignedString(v.bits());
            case MetaArray v -> v.size() + " values of " + v.elementType().ggufName();
            default -> value.toString();
        };
        return text.length() <= LONGEST_NOTE ? text : text.substring(0, LONGEST_NOTE) + "…";
    }

    /** Short enough for a label. */
    String name() {
        return String.valueOf(file.getFileName()).replaceFirst("\\.gguf$", "");
    }
}
