package org.kvant.monitoring;

import static org.kvant.monitoring.Label.DRAFT_PART;
import static org.kvant.monitoring.Label.HOST_CACHE;
import static org.kvant.monitoring.Label.HTTP_REJECTION;
import static org.kvant.monitoring.Label.JAVA;
import static org.kvant.monitoring.Label.LLAMA_CPP;
import static org.kvant.monitoring.Label.LOOKUP;
import static org.kvant.monitoring.Label.MODEL;
import static org.kvant.monitoring.Label.OUTCOME;
import static org.kvant.monitoring.Label.PART;
import static org.kvant.monitoring.Label.POSITION;
import static org.kvant.monitoring.Label.PROMPT_FAILURE;
import static org.kvant.monitoring.Label.REJECTION;
import static org.kvant.monitoring.Label.RESIDENT_KIND;
import static org.kvant.monitoring.Label.SCRATCH_PART;
import static org.kvant.monitoring.Label.SOURCE;
import static org.kvant.monitoring.Label.STATE;
import static org.kvant.monitoring.Label.TYPE;
import static org.kvant.monitoring.Label.USE;
import static org.kvant.monitoring.Label.VERSION;
import static org.kvant.monitoring.MetricType.COUNTER;
import static org.kvant.monitoring.MetricType.GAUGE;
import static org.kvant.monitoring.MetricType.HISTOGRAM;
import static org.kvant.monitoring.MetricType.INFO;

import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The catalogue: every metric that Kvant exposes, and none beside it. Scrape, documentation, rules and dashboards are held to it by tests.
 *
 * <p>Names follow Prometheus' rules (base units; {@code _total} for counters) and the field's words. What belongs to a model has the label
 * {@code model} first; what belongs to the process has not.
 */
@SuppressWarnings("ImmutableEnumChecker") // Lists made by List.of are immutable, and Buckets gives out copies.
public enum Metric {
    TIME_TO_FIRST_TOKEN(
            "kvant_time_to_first_token_seconds",
            MetricUnit.SECONDS,
            Buckets.WAIT_SECONDS,
            "Time from submitting a request to its first sampled token."),
    TIME_BETWEEN_TOKENS(
            "kvant_time_between_tokens_seconds",
            MetricUnit.SECONDS,
            Buckets.TOKEN_SECONDS,
            "Time from one sampled token of a request to its next; one observation for each token after the first."),
    QUEUE(
            "kvant_request_queue_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "Time from submitting a request until it got a sequence."),
    PREFILL(
            "kvant_request_prefill_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "Time from leaving the queue until the whole prompt was computed."),
    DECODE(
            "kvant_request_decode_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "Time from a request's first sampled token to its end; only requests that got a token."),
    TIME_PER_OUTPUT_TOKEN(
            "kvant_time_per_output_token_seconds",
            MetricUnit.SECONDS,
            Buckets.TOKEN_SECONDS,
            "Mean time between the tokens of one request; one observation for each request with at least two tokens."),
    END_TO_END(
            "kvant_request_end_to_end_seconds",
            MetricUnit.SECONDS,
            Buckets.WAIT_SECONDS,
            "Time from submitting a request to its end, whatever the outcome."),
    DECODE_STEP(
            "kvant_decode_step_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "Time of one decode of one batch in the native library."),

    SCHEDULER_STEP(
            "kvant_scheduler_step_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "Time of one scheduler step that computed something: planning, decoding, sampling, sending text."),
    TEMPLATE(
            "kvant_chat_template_seconds",
            MetricUnit.SECONDS,
            Buckets.PREPARATION_SECONDS,
            "Time to render one conversation into a prompt with the chat template.",
            List.of()),
    TOKENIZATION(
            "kvant_tokenization_seconds",
            MetricUnit.SECONDS,
            Buckets.PREPARATION_SECONDS,
            "Time to turn the text of one prompt into tokens.",
            List.of()),
    GRAMMAR(
            "kvant_grammar_compilation_seconds",
            MetricUnit.SECONDS,
            Buckets.PREPARATION_SECONDS,
            "Time to parse the grammar of one request.",
            List.of()),
    DECODE_BATCH(
            "kvant_decode_batch_tokens",
            MetricUnit.TOKENS,
            Buckets.BATCH_TOKENS,
            "Tokens in one batch, from prompts and running sequences together."),
    DECODE_BATCH_SEQUENCES(
            "kvant_decode_batch_sequences",
            MetricUnit.NONE,
            Buckets.BATCH_SEQUENCES,
            "Sequences with tokens in one batch."),
    REQUEST_PROMPT_TOKENS(
            "kvant_request_prompt_tokens",
            MetricUnit.TOKENS,
            Buckets.REQUEST_TOKENS,
            "Length of a prompt, cached tokens included; observed when the request ends."),
    REQUEST_GENERATED_TOKENS(
            "kvant_request_generated_tokens",
            MetricUnit.TOKENS,
            Buckets.REQUEST_TOKENS,
            "Tokens generated for a request; observed when it ends."),

    PROMPT_TOKENS(
            "kvant_prompt_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Prompt tokens of requests with a completed prefill, by source; the sum is the length of the prompts.",
            MODEL,
            SOURCE),
    GENERATED_TOKENS(
            "kvant_generated_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Sampled tokens, including the one that ends a generation.",
            MODEL),
    DRAFTS(
            "kvant_drafts_total",
            COUNTER,
            MetricUnit.NONE,
            "Drafts of a request that were checked by one decode.",
            MODEL),
    DRAFTED_TOKENS("kvant_drafted_tokens_total", COUNTER, MetricUnit.TOKENS, "Draft tokens that were checked.", MODEL),
    ACCEPTED_TOKENS(
            "kvant_accepted_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Draft tokens that were accepted; generated tokens include them.",
            MODEL),
    ACCEPTED_AT_POSITION(
            "kvant_accepted_tokens_by_position_total",
            COUNTER,
            MetricUnit.NONE,
            "Draft tokens that were accepted, by their position in the draft.",
            MODEL,
            POSITION),
    REQUESTS(
            "kvant_requests_total",
            COUNTER,
            MetricUnit.REQUESTS,
            "Admitted requests that have ended, by outcome.",
            MODEL,
            OUTCOME),
    REQUESTS_REJECTED(
            "kvant_requests_rejected_total",
            COUNTER,
            MetricUnit.REQUESTS,
            "Requests that the engine refused, by reason.",
            MODEL,
            REJECTION),
    HTTP_REQUESTS_REJECTED(
            "kvant_http_requests_rejected_total",
            COUNTER,
            MetricUnit.REQUESTS,
            "HTTP requests that got an error instead of an answer, by reason; includes the engine's refusals, excludes probes.",
            HTTP_REJECTION),

    PREEMPTIONS(
            "kvant_preemptions_total",
            COUNTER,
            MetricUnit.NONE,
            "Running requests that were pre-empted for lack of cells and computed again later.",
            MODEL),
    DECODE_FAILURES(
            "kvant_decode_failures_total",
            COUNTER,
            MetricUnit.NONE,
            "Decodes that failed in the native library.",
            MODEL),
    KV_EVICTED_CELLS(
            "kvant_kv_evicted_cells_total",
            COUNTER,
            MetricUnit.CELLS,
            "Cells of finished requests that were evicted to make room.",
            MODEL),

    ENGINE_STATE(
            "kvant_engine_state",
            GAUGE,
            MetricUnit.NONE,
            "State of the engine: 1 for the current state, 0 for the others.",
            MODEL,
            STATE),
    REQUESTS_RUNNING(
            "kvant_requests_running",
            GAUGE,
            MetricUnit.REQUESTS,
            "Requests that have a sequence, including paused ones.",
            MODEL),
    REQUESTS_PAUSED(
            "kvant_requests_paused",
            GAUGE,
            MetricUnit.REQUESTS,
            "Running requests that are paused because their client reads too slowly.",
            MODEL),
    REQUESTS_WAITING(
            "kvant_requests_waiting",
            GAUGE,
            MetricUnit.REQUESTS,
            "Requests waiting in the queue for a sequence.",
            MODEL),
    SEQUENCES(
            "kvant_sequences",
            GAUGE,
            MetricUnit.NONE,
            "Number of sequences, that is, of requests that can run at the same time.",
            MODEL),
    LONGEST_SEQUENCE(
            "kvant_longest_sequence_tokens",
            GAUGE,
            MetricUnit.TOKENS,
            "Longest request since the start, in tokens of prompt and completion together.",
            MODEL),
    KV_CELLS_USED(
            "kvant_kv_used_cells",
            GAUGE,
            MetricUnit.CELLS,
            "Cells of the KV cache that hold a token; the rest of kvant_kv_cells is empty.",
            MODEL,
            USE),
    KV_CELLS("kvant_kv_cells", GAUGE, MetricUnit.CELLS, "Cells of the KV cache, that is, tokens it can hold.", MODEL),
    KV_RESERVED_BYTES(
            "kvant_kv_reserved_bytes", GAUGE, MetricUnit.BYTES, "Memory reserved for the KV cache.", MODEL, PART, TYPE),
    KV_USED_BYTES(
            "kvant_kv_used_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "KV cache memory in cells that hold a token.",
            MODEL,
            PART,
            TYPE),
    KV_SHARED_CELLS(
            "kvant_kv_shared_cells",
            GAUGE,
            MetricUnit.CELLS,
            "Extra cells that sequences would need if they did not share those of a common prefix.",
            MODEL),
    KV_SHARED_BYTES(
            "kvant_kv_shared_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "KV cache memory saved by sharing cells of a common prefix.",
            MODEL,
            PART,
            TYPE),
    WEIGHT_BYTES("kvant_weight_bytes", GAUGE, MetricUnit.BYTES, "Size of the model's tensors.", MODEL),
    COMPUTE_BUFFER_BYTES(
            "kvant_compute_buffer_bytes", GAUGE, MetricUnit.BYTES, "Native buffers for intermediate results.", MODEL),
    DRAFT_MODEL_BYTES(
            "kvant_draft_model_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "Memory of the draft model; 0 without one.",
            MODEL,
            DRAFT_PART),
    PROMPT_SCRATCH_BYTES(
            "kvant_prompt_scratch_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "Memory of the f16 context that computes long prompts for a quantized KV cache; 0 until the first one.",
            MODEL,
            SCRATCH_PART),
    HOST_CACHE_BYTES(
            "kvant_host_cache_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "Memory outside the KV cache for what is kept between requests.",
            MODEL,
            HOST_CACHE),

    PROMPT_CACHE_FILES(
            "kvant_prompt_cache_files",
            GAUGE,
            MetricUnit.NONE,
            "Prompts in files of the prompt cache; 0 without --prompt-cache.",
            MODEL),
    PROMPT_CACHE_BYTES("kvant_prompt_cache_bytes", GAUGE, MetricUnit.BYTES, "Size of the prompt cache's files.", MODEL),
    PROMPT_CACHE_LIMIT(
            "kvant_prompt_cache_limit_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "Size limit of the prompt cache's files.",
            MODEL),
    PROMPT_CACHE_LOOKUPS(
            "kvant_prompt_cache_lookups_total",
            COUNTER,
            MetricUnit.NONE,
            "Lookups in the prompt cache because the KV cache lacked much of a prompt, by result.",
            MODEL,
            LOOKUP),
    PROMPT_CACHE_QUERIED_TOKENS(
            "kvant_prompt_cache_queried_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Prompt tokens that the KV cache lacked at a lookup in the prompt cache.",
            MODEL),
    PROMPT_CACHE_RESTORED_TOKENS(
            "kvant_prompt_cache_restored_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Prompt tokens restored from files into the KV cache; cached prompt tokens include them.",
            MODEL),
    PROMPT_CACHE_READ_BYTES(
            "kvant_prompt_cache_read_bytes_total",
            COUNTER,
            MetricUnit.BYTES,
            "Bytes read from the prompt cache's files.",
            MODEL),
    PROMPT_CACHE_WRITTEN_FILES(
            "kvant_prompt_cache_written_files_total",
            COUNTER,
            MetricUnit.NONE,
            "Files written to the prompt cache.",
            MODEL),
    PROMPT_CACHE_WRITTEN_BYTES(
            "kvant_prompt_cache_written_bytes_total",
            COUNTER,
            MetricUnit.BYTES,
            "Bytes written to the prompt cache's files.",
            MODEL),
    PROMPT_CACHE_EVICTED_FILES(
            "kvant_prompt_cache_evicted_files_total",
            COUNTER,
            MetricUnit.NONE,
            "Files removed from the prompt cache to make room.",
            MODEL),
    PROMPT_CACHE_FAILURES(
            "kvant_prompt_cache_failures_total",
            COUNTER,
            MetricUnit.NONE,
            "Prompts that could not be written to or read from files, by reason; their requests only take longer.",
            MODEL,
            PROMPT_FAILURE),

    RESIDENT_BYTES(
            "kvant_resident_memory_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "Memory of the process in RAM, native and Java; the sum is the resident set.",
            RESIDENT_KIND),
    JAVA_HEAP_USED("kvant_java_heap_used_bytes", GAUGE, MetricUnit.BYTES, "Java heap in use, including garbage."),
    JAVA_HEAP_COMMITTED("kvant_java_heap_committed_bytes", GAUGE, MetricUnit.BYTES, "Java heap held by the runtime."),
    JAVA_HEAP_MAX("kvant_java_heap_max_bytes", GAUGE, MetricUnit.BYTES, "Maximum size of the Java heap."),
    JAVA_DIRECT("kvant_java_direct_bytes", GAUGE, MetricUnit.BYTES, "Java's direct buffers for network and files."),
    JAVA_THREADS(
            "kvant_java_threads",
            GAUGE,
            MetricUnit.THREADS,
            "Live platform threads of the Java runtime, without ggml's native threads."),
    GC_SECONDS("kvant_java_gc_seconds_total", COUNTER, MetricUnit.SECONDS, "Time spent in garbage collection."),
    CPU_SECONDS(
            "kvant_process_cpu_seconds_total",
            COUNTER,
            MetricUnit.SECONDS,
            "CPU time of the process, including native threads."),
    UPTIME("kvant_uptime_seconds", GAUGE, MetricUnit.SECONDS, "Time since the Java runtime started."),
    BUILD(
            "kvant_build_info",
            INFO,
            MetricUnit.NONE,
            "Versions of Kvant, llama.cpp and Java, in the labels.",
            VERSION,
            LLAMA_CPP,
            JAVA);

    private static final Map<String, Metric> BY_FAMILY_NAME =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Metric::familyName, metric -> metric));

    private final String exposedName;
    private final MetricType type;
    private final MetricUnit unit;
    private final Buckets buckets;
    private final String help;
    private final List<Label> labels;

    Metric(String exposedName, MetricType type, MetricUnit unit, String help, Label... labels) {
        this(exposedName, type, unit, Buckets.NONE, help, List.of(labels));
    }

    /** A histogram; it belongs to a model. */
    Metric(String exposedName, MetricUnit unit, Buckets buckets, String help) {
        this(exposedName, unit, buckets, help, List.of(MODEL));
    }

    /** A histogram of whatever the labels say. */
    Metric(String exposedName, MetricUnit unit, Buckets buckets, String help, List<Label> labels) {
        this(exposedName, HISTOGRAM, unit, buckets, help, labels);
    }

    Metric(String exposedName, MetricType type, MetricUnit unit, Buckets buckets, String help, List<Label> labels) {
        this.exposedName = exposedName;
        this.type = type;
        this.unit = unit;
        this.buckets = buckets;
        this.help = help;
        this.labels = labels;
    }

    /** The family's name in a scrape, {@code _total} of counters and {@code _info} included. */
    public String exposedName() {
        return exposedName;
    }

    public MetricType type() {
        return type;
    }

    public MetricUnit unit() {
        return unit;
    }

    /** Upper bounds in {@link #unit()}; none unless this is a histogram. */
    public Buckets buckets() {
        return buckets;
    }

    /** One sentence. */
    public String help() {
        return help;
    }

    /** Labels in the order of the documentation; {@link Label#MODEL} first if it belongs to a model. */
    public List<Label> labels() {
        return labels;
    }

    /** Whether there is one of these for each model, rather than one for the process. */
    public boolean perModel() {
        return labels.contains(MODEL);
    }

    /** The metric whose {@link #exposedName()} this is. */
    public static Optional<Metric> ofName(String exposedName) {
        for (Metric metric : values()) {
            if (metric.exposedName.equals(exposedName)) {
                return Optional.of(metric);
            }
        }
        return Optional.empty();
    }

    /** The metric whose {@link #familyName()} this is. */
    static Optional<Metric> ofFamilyName(String familyName) {
        return Optional.ofNullable(BY_FAMILY_NAME.get(familyName));
    }

    /** OpenMetrics' name of the family: without {@code _total} and {@code _info}. */
    String familyName() {
        return withoutSuffix(withoutSuffix(exposedName, "_total"), "_info");
    }

    /**
     * Micrometer's name: dotted, without the unit and the {@code _total} that its Prometheus naming convention adds, so that the meters can be
     * registered in any other registry too.
     */
    String meterName() {
        String stem = type == COUNTER ? withoutSuffix(exposedName, "_total") : exposedName;
        String unit = baseUnit();
        return (unit == null ? stem : withoutSuffix(stem, "_" + unit)).replace('_', '.');
    }

    /** Micrometer's base unit: what its naming convention is to add to {@link #meterName()}; null for nothing. */
    @Nullable
    String baseUnit() {
        String stem = type == COUNTER ? withoutSuffix(exposedName, "_total") : exposedName;
        return unit != MetricUnit.NONE && stem.endsWith("_" + unit.label()) ? unit.label() : null;
    }

    /** Micrometer's tags, the values in the order of {@link #labels()}. */
    Tags tags(String... values) {
        if (values.length != labels.size()) {
            throw new IllegalArgumentException(exposedName + " has " + labels.size() + " labels, not " + values.length);
        }
        Tags tags = Tags.empty();
        for (int i = 0; i < values.length; i++) {
            tags = tags.and(Tag.of(labels.get(i).label(), values[i]));
        }
        return tags;
    }

    private static String withoutSuffix(String text, String suffix) {
        return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
    }
}
