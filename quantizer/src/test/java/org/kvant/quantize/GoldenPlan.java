package org.kvant.quantize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/**
 * One recorded model shape with the types that llama-quantize chose in several runs, null in one that it refused; see
 * golden/record_type_plans.py.
 */
record GoldenPlan(String name, Metadata metadata, List<TensorInfo> tensors, List<Run> runs, List<GgmlType[]> types) {

    /** A call of llama-quantize: its options, its preset, and whether it was given an importance matrix. */
    record Run(String text, QuantizeOptions.Types types, boolean imatrix) {
        static Run parse(String text) {
            List<String> words = new ArrayList<>(List.of(text.split(" ")));
            boolean imatrix = words.getLast().equals("imatrix");
            if (imatrix) {
                words.removeLast();
            }
            Preset preset = Preset.of(words.removeLast()).orElseThrow();
            boolean pure = false;
            boolean leaveOutput = false;
            @Nullable GgmlType output = null;
            @Nullable GgmlType embedding = null;
            List<TensorTypeRule> rules = new ArrayList<>();
            for (int i = 0; i < words.size(); i++) {
                switch (words.get(i)) {
                    case "--pure" -> pure = true;
                    case "--leave-output-tensor" -> leaveOutput = true;
                    case "--output-tensor-type" ->
                        output = GgmlType.ofName(words.get(++i)).orElseThrow();
                    case "--token-embedding-type" ->
                        embedding = GgmlType.ofName(words.get(++i)).orElseThrow();
                    case "--tensor-type" -> rules.add(TensorTypeRule.parse(words.get(++i)));
                    default -> throw new IllegalArgumentException(text);
                }
            }
            return new Run(
                    text, new QuantizeOptions.Types(preset, pure, leaveOutput, output, embedding, rules), imatrix);
        }

        TypePlanner planner() {
            return new PresetPlanner(
                    types.preset(),
                    types.pure(),
                    types.leaveOutput(),
                    types.outputType(),
                    types.tokenEmbeddingType(),
                    types.rules(),
                    imatrix);
        }
    }

    static GoldenPlan read(Path file) throws IOException {
        Metadata.Builder metadata = Metadata.builder();
        List<TensorInfo> tensors = new ArrayList<>();
        List<Run> runs = new ArrayList<>();
        List<GgmlType[]> types = new ArrayList<>();
        Map<Character, GgmlType> codes = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "#" -> {}
                case "meta" -> {
                    switch (words[2]) {
                        case "str" -> metadata.putString(words[1], words[3]);
                        case "u32" -> metadata.putU32(words[1], Long.parseLong(words[3]));
                        case "f32" -> metadata.putF32(words[1], Float.parseFloat(words[3]));
                        case "u32s" ->
                            metadata.put(
                                    words[1],
                                    MetaArray.ofU32s(Arrays.stream(words[3].split(","))
                                            .mapToInt(Integer::parseInt)
                                            .toArray()));
                        default -> throw new IllegalArgumentException(line);
                    }
                }
                case "run" -> runs.add(Run.parse(line.substring(4)));
                case "code" ->
                    codes.put(words[1].charAt(0), GgmlType.ofName(words[2]).orElseThrow());
                case "tensor" -> {
                    long[] shape = Arrays.stream(words[3].split(","))
                            .mapToLong(Long::parseLong)
                            .toArray();
                    tensors.add(
                            new TensorInfo(words[1], GgmlType.ofName(words[2]).orElseThrow(), shape, 0, 0));
                    types.add(
                            words[4].chars().mapToObj(c -> codes.get((char) c)).toArray(GgmlType[]::new));
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
        return new GoldenPlan(String.valueOf(file.getFileName()), metadata.build(), tensors, runs, types);
    }
}
