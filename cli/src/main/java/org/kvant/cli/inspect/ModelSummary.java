package org.kvant.cli.inspect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.TensorInfo;
import org.kvant.quantize.Preset;

/**
 * Figures of a file.
 *
 * @param types the types that occur, the largest in bytes first
 */
record ModelSummary(long parameters, long tensorBytes, List<TypeShare> types) {
    /** What one type takes. */
    record TypeShare(GgmlType type, int tensors, long parameters, long bytes) {
        double bitsPerWeight() {
            return 8.0 * bytes / parameters;
        }

        private TypeShare plus(TensorInfo tensor) {
            return new TypeShare(type, tensors + 1, parameters + tensor.elements(), bytes + tensor.bytes());
        }
    }

    static ModelSummary of(GgufFile file) {
        Map<GgmlType, TypeShare> shares = new EnumMap<>(GgmlType.class);
        long parameters = 0;
        long bytes = 0;
        for (TensorInfo tensor : file.tensors()) {
            shares.compute(
                    tensor.type(),
                    (type, share) -> (share == null ? new TypeShare(type, 0, 0, 0) : share).plus(tensor));
            parameters += tensor.elements();
            bytes += tensor.bytes();
        }
        List<TypeShare> types = new ArrayList<>(shares.values());
        types.sort(Comparator.comparingLong(TypeShare::bytes).reversed());
        return new ModelSummary(parameters, bytes, List.copyOf(types));
    }

    /** Bits that a weight takes on average, as llama.cpp counts them: tensor data only; 0 without tensors. */
    double bitsPerWeight() {
        return parameters == 0 ? 0 : 8.0 * tensorBytes / parameters;
    }

    /** A string of the metadata; empty if something else is under that key. */
    static Optional<String> string(GgufFile file, String key) {
        return file.metadata()
                .get(key)
                .flatMap(value -> value instanceof MetaValue.Str str ? Optional.of(str.value()) : Optional.empty());
    }

    /** A number of the metadata that is not negative; empty if something else is under that key. */
    static OptionalLong number(GgufFile file, String key) {
        return switch (file.metadata().get(key).orElse(null)) {
            case MetaValue.U32(long value) -> OptionalLong.of(value);
            case MetaValue.I32(int value) when value >= 0 -> OptionalLong.of(value);
            case MetaValue.U64(long bits) when bits >= 0 -> OptionalLong.of(bits);
            case null, default -> OptionalLong.empty();
        };
    }

    /** The preset that {@code general.file_type} names, if it is one that we know. */
    static Optional<String> preset(GgufFile file) {
        OptionalLong number = number(file, "general.file_type");
        return Arrays.stream(Preset.values())
                .filter(preset -> number.isPresent() && preset.fileType() == number.getAsLong())
                .map(Preset::name)
                .findFirst();
    }
}
