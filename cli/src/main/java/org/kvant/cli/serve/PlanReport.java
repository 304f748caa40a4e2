package org.kvant.cli.serve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.Table;
import org.kvant.cli.terminal.Terminal;
import org.kvant.engine.runtime.MemoryPlan;
import org.kvant.llama.ContextOptions;
import org.kvant.model.ByteSize;

/**
 * A memory plan for people and for programs.
 *
 * @param limit bytes that it should fit in
 * @param largest the plan with the largest context that fits; null if none does
 * @param offloads whether some of it goes to another device's memory
 */
record PlanReport(
        Path file,
        ContextOptions context,
        MemoryPlan plan,
        JavaMemory java,
        long limit,
        @Nullable MemoryPlan largest,
        boolean offloads) {
    private static final int BAR = 24;

    boolean fits() {
        return total() <= limit;
    }

    private long total() {
        return plan.bytes() + java.bytes();
    }

    /** By the names of the JSON. */
    private Map<String, Long> parts() {
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("weights", plan.weightBytes());
        parts.put("kv_k", plan.kvBytesK());
        parts.put("kv_v", plan.kvBytesV());
        parts.put("compute_buffers", plan.computeBytes());
        if (plan.draft().bytes() > 0) {
            parts.put("draft_weights", plan.draft().weightBytes());
            parts.put("draft_kv_k", plan.draft().kvBytesK());
            parts.put("draft_kv_v", plan.draft().kvBytesV());
            parts.put("draft_compute_buffers", plan.draft().computeBytes());
        }
        if (plan.promptScratch().bytes() > 0) {
            parts.put("prompt_scratch_kv_k", plan.promptScratch().kvBytesK());
            parts.put("prompt_scratch_kv_v", plan.promptScratch().kvBytesV());
            parts.put("prompt_scratch_compute_buffers", plan.promptScratch().computeBytes());
        }
        parts.put("java_heap_max", java.heap());
        parts.put("java_rest", java.rest());
        return parts;
    }

    private String label(String part) {
        return switch (part) {
            case "weights" -> "weights";
            case "kv_k" -> "K cache, " + context.cacheTypeK().ggmlName();
            case "kv_v" -> "V cache, " + context.cacheTypeV().ggmlName();
            case "compute_buffers" -> "compute buffers";
            case "draft_weights" -> "draft model: weights";
            case "draft_kv_k" -> "draft model: K cache";
            case "draft_kv_v" -> "draft model: V cache";
            case "draft_compute_buffers" -> "draft model: compute buffers";
            case "prompt_scratch_kv_k" -> "long prompts in f16: K";
            case "prompt_scratch_kv_v" -> "long prompts in f16: V";
            case "prompt_scratch_compute_buffers" -> "long prompts in f16: compute buffers";
            case "java_heap_max" -> "Java heap, at most";
            default -> "Java, the rest, about";
        };
    }

    void print(PrintWriter out, Terminal terminal) {
        out.printf(
                Locale.ROOT,
                "%s: %d tokens of KV cache, %d for each of %d sequences%n",
                file,
                plan.cells(),
                plan.sequenceContext(),
                context.maxSequences());
        Table table = new Table(terminal, "part", ">memory", "");
        parts().forEach((part, bytes) ->
                table.row(label(part), ByteSize.text(bytes), terminal.bar((double) bytes / total(), BAR)));
        table.row("together", ByteSize.text(total()), "");
        table.print(out);
        out.printf(Locale.ROOT, "%s %s.%n", fits() ? "Fits in" : "Does not fit in", ByteSize.text(limit));
        if (largest == null) {
            out.println("No context fits: a smaller file, fewer sequences or a smaller --ubatch-size take less.");
        } else {
            out.printf(
                    Locale.ROOT,
                    "Largest context that does: --ctx-size %d, %d tokens for each sequence, %s in all.%n",
                    largest.cells(),
                    largest.sequenceContext(),
                    ByteSize.text(largest.bytes() + java.bytes()));
        }
        if (offloads) {
            out.println(
                    "Part of this goes to the memory of graphics cards; give theirs with --memory (see `kvant devices`).");
        }
        out.flush();
    }

    void printJson(PrintWriter out) throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .build();
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            json.writeStartObject();
            json.writeStringField("file", file.toString());
            json.writeObjectFieldStart("context");
            json.writeNumberField("cells", plan.cells());
            json.writeNumberField("sequences", context.maxSequences());
            json.writeNumberField("sequence_tokens", plan.sequenceContext());
            json.writeStringField("cache_type_k", context.cacheTypeK().ggmlName());
            json.writeStringField("cache_type_v", context.cacheTypeV().ggmlName());
            json.writeEndObject();
            json.writeObjectFieldStart("bytes");
            for (Map.Entry<String, Long> part : parts().entrySet()) {
                json.writeNumberField(part.getKey(), part.getValue());
            }
            json.writeNumberField("total", total());
            json.writeEndObject();
            json.writeNumberField("memory", limit);
            json.writeBooleanField("fits", fits());
            if (largest == null) {
                json.writeNullField("largest");
            } else {
                json.writeObjectFieldStart("largest");
                json.writeNumberField("ctx_size", largest.cells());
                json.writeNumberField("sequence_tokens", largest.sequenceContext());
                json.writeNumberField("total", largest.bytes() + java.bytes());
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        out.println();
        out.flush();
    }
}
