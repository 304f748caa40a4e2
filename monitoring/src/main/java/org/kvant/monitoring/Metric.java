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
            "From the submission of a request to its first sampled token."),
    TIME_BETWEEN_TOKENS(
            "kvant_time_between_tokens_seconds",
            MetricUnit.SECONDS,
            Buckets.TOKEN_SECONDS,
            "From one sampled token of a request to its next; one observation for each token after the first."),
    QUEUE(
            "kvant_request_queue_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "From the submission of a request until a sequence was free for it."),
    PREFILL(
            "kvant_request_prefill_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "From the end of the queue until the whole prompt was computed."),
    DECODE(
            "kvant_request_decode_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "From the first sampled token of a request to its end, of requests that got a token."),
    TIME_PER_OUTPUT_TOKEN(
            "kvant_time_per_output_token_seconds",
            MetricUnit.SECONDS,
            Buckets.TOKEN_SECONDS,
            "Mean time between the tokens of one request: one observation for each request that got two tokens or more."),
    END_TO_END(
            "kvant_request_end_to_end_seconds",
            MetricUnit.SECONDS,
            Buckets.WAIT_SECONDS,
            "From the submission of a request to its end, whatever the outcome."),
    DECODE_STEP(
            "kvant_decode_step_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "One decode of one batch by the native library."),

    SCHEDULER_STEP(
            "kvant_scheduler_step_seconds",
            MetricUnit.SECONDS,
            Buckets.PHASE_SECONDS,
            "One round of the scheduler that computed something: planning, decode, sampling, handing out."),
    TEMPLATE(
            "kvant_chat_template_seconds",
            MetricUnit.SECONDS,
            Buckets.PREPARATION_SECONDS,
            "Rendering one conversation into a prompt by the chat template.",
            List.of()),
    TOKENIZATION(
            "kvant_tokenization_seconds",
            MetricUnit.SECONDS,
            Buckets.PREPARATION_SECONDS,
            "Turning the text of one prompt into tokens.",
            List.of()),
    GRAMMAR(
            "kvant_grammar_compilation_seconds",
            MetricUnit.SECONDS,
            Buckets.PREPARATION_SECONDS,
            "Reading the grammar of one request into rules.",
            List.of()),
    DECODE_BATCH(
            "kvant_decode_batch_tokens",
            MetricUnit.TOKENS,
            Buckets.BATCH_TOKENS,
            "Tokens in one batch, prompt chunks and running sequences together."),
    DECODE_BATCH_SEQUENCES(
            "kvant_decode_batch_sequences",
            MetricUnit.NONE,
            Buckets.BATCH_SEQUENCES,
            "Sequences that have tokens in one batch."),
    REQUEST_PROMPT_TOKENS(
            "kvant_request_prompt_tokens",
            MetricUnit.TOKENS,
            Buckets.REQUEST_TOKENS,
            "Length of a prompt, cached tokens included; one observation when the request ends."),
    REQUEST_GENERATED_TOKENS(
            "kvant_request_generated_tokens",
            MetricUnit.TOKENS,
            Buckets.REQUEST_TOKENS,
            "Tokens that were generated for a request; one observation when it ends."),

    PROMPT_TOKENS(
            "kvant_prompt_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Prompt tokens of requests whose prefill was completed, by where they came from; the sum is the length of the prompts.",
            MODEL,
            SOURCE),
    GENERATED_TOKENS(
            "kvant_generated_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Sampled tokens, the one that ends a generation included.",
            MODEL),
    DRAFTS(
            "kvant_drafts_total",
            COUNTER,
            MetricUnit.NONE,
            "Times that tokens of a request were guessed ahead and checked by one decode.",
            MODEL),
    DRAFTED_TOKENS("kvant_drafted_tokens_total", COUNTER, MetricUnit.TOKENS, "Tokens that were guessed ahead.", MODEL),
    ACCEPTED_TOKENS(
            "kvant_accepted_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Guessed tokens that came true; they are among the generated ones.",
            MODEL),
    ACCEPTED_AT_POSITION(
            "kvant_accepted_tokens_by_position_total",
            COUNTER,
            MetricUnit.NONE,
            "Guessed tokens that came true, by their place among those guessed at once.",
            MODEL,
            POSITION),
    REQUESTS(
            "kvant_requests_total",
            COUNTER,
            MetricUnit.REQUESTS,
            "Requests that were admitted and have ended, by outcome.",
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
            "HTTP requests that got an error instead of being worked on, by reason; the engine's refusals included, probes left out.",
            HTTP_REJECTION),

    PREEMPTIONS(
            "kvant_preemptions_total",
            COUNTER,
            MetricUnit.NONE,
            "Running requests that lost their sequence for lack of cells and were computed again later.",
            MODEL),
    DECODE_FAILURES(
            "kvant_decode_failures_total", COUNTER, MetricUnit.NONE, "Decodes that the native library failed.", MODEL),
    KV_EVICTED_CELLS(
            "kvant_kv_evicted_cells_total",
            COUNTER,
            MetricUnit.CELLS,
            "Cells left by finished requests that were given up for other ones.",
            MODEL),

    ENGINE_STATE("kvant_engine_state", GAUGE, MetricUnit.NONE, "State of the engine.", MODEL, STATE),
    REQUESTS_RUNNING(
            "kvant_requests_running",
            GAUGE,
            MetricUnit.REQUESTS,
            "Requests that have a sequence, paused ones included.",
            MODEL),
    REQUESTS_PAUSED(
            "kvant_requests_paused",
            GAUGE,
            MetricUnit.REQUESTS,
            "Running requests that wait because their client reads too slowly.",
            MODEL),
    REQUESTS_WAITING(
            "kvant_requests_waiting", GAUGE, MetricUnit.REQUESTS, "Requests in the queue for a sequence.", MODEL),
    SEQUENCES("kvant_sequences", GAUGE, MetricUnit.NONE, "Sequences, that is requests that can run at a time.", MODEL),
    LONGEST_SEQUENCE(
            "kvant_longest_sequence_tokens",
            GAUGE,
            MetricUnit.TOKENS,
            "Most tokens that a request had, prompt and completion together, since the start.",
            MODEL),
    KV_CELLS_USED(
            "kvant_kv_used_cells",
            GAUGE,
            MetricUnit.CELLS,
            "Cells of the KV cache that hold a token; the rest of kvant_kv_cells is empty.",
            MODEL,
            USE),
    KV_CELLS("kvant_kv_cells", GAUGE, MetricUnit.CELLS, "Cells of the KV cache: tokens that it can hold.", MODEL),
    KV_RESERVED_BYTES("kvant_kv_reserved_bytes", GAUGE, MetricUnit.BYTES, "Memory of the KV cache.", MODEL, PART, TYPE),
    KV_USED_BYTES(
            "kvant_kv_used_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "Part of the KV cache's memory in cells that hold a token.",
            MODEL,
            PART,
            TYPE),
    KV_SHARED_CELLS(
            "kvant_kv_shared_cells",
            GAUGE,
            MetricUnit.CELLS,
            "Cells that sequences would need besides if they didn't share those of a common beginning.",
            MODEL),
    KV_SHARED_BYTES(
            "kvant_kv_shared_bytes", GAUGE, MetricUnit.BYTES, "Memory that such sharing saves.", MODEL, PART, TYPE),
    WEIGHT_BYTES("kvant_weight_bytes", GAUGE, MetricUnit.BYTES, "The model's tensors.", MODEL),
    COMPUTE_BUFFER_BYTES(
            "kvant_compute_buffer_bytes", GAUGE, MetricUnit.BYTES, "Native buffers for intermediate results.", MODEL),
    DRAFT_MODEL_BYTES(
            "kvant_draft_model_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "What the draft model takes besides; 0 without one.",
            MODEL,
            DRAFT_PART),
    PROMPT_SCRATCH_BYTES(
            "kvant_prompt_scratch_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "What computing long prompts in f16 beside a quantized KV cache takes; 0 until the first one.",
            MODEL,
            SCRATCH_PART),
    HOST_CACHE_BYTES(
            "kvant_host_cache_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "The process' own memory, outside the KV cache, for what is kept between requests.",
            MODEL,
            HOST_CACHE),

    PROMPT_CACHE_FILES(
            "kvant_prompt_cache_files",
            GAUGE,
            MetricUnit.NONE,
            "Prompts kept in files; without a folder for them this and what follows is 0.",
            MODEL),
    PROMPT_CACHE_BYTES("kvant_prompt_cache_bytes", GAUGE, MetricUnit.BYTES, "Size of those files.", MODEL),
    PROMPT_CACHE_LIMIT(
            "kvant_prompt_cache_limit_bytes", GAUGE, MetricUnit.BYTES, "Most that those files may take.", MODEL),
    PROMPT_CACHE_LOOKUPS(
            "kvant_prompt_cache_lookups_total",
            COUNTER,
            MetricUnit.NONE,
            "Times that a file was looked for because the KV cache lacked much of a prompt, by result.",
            MODEL,
            LOOKUP),
    PROMPT_CACHE_QUERIED_TOKENS(
            "kvant_prompt_cache_queried_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Tokens that the KV cache lacked at those times.",
            MODEL),
    PROMPT_CACHE_RESTORED_TOKENS(
            "kvant_prompt_cache_restored_tokens_total",
            COUNTER,
            MetricUnit.TOKENS,
            "Tokens that came from files into the KV cache; they are among the cached prompt tokens.",
            MODEL),
    PROMPT_CACHE_READ_BYTES(
            "kvant_prompt_cache_read_bytes_total", COUNTER, MetricUnit.BYTES, "What was read from files.", MODEL),
    PROMPT_CACHE_WRITTEN_FILES(
            "kvant_prompt_cache_written_files_total", COUNTER, MetricUnit.NONE, "Files that were written.", MODEL),
    PROMPT_CACHE_WRITTEN_BYTES(
            "kvant_prompt_cache_written_bytes_total", COUNTER, MetricUnit.BYTES, "Size of the files written.", MODEL),
    PROMPT_CACHE_EVICTED_FILES(
            "kvant_prompt_cache_evicted_files_total",
            COUNTER,
            MetricUnit.NONE,
            "Files removed to make room for others.",
            MODEL),
    PROMPT_CACHE_FAILURES(
            "kvant_prompt_cache_failures_total",
            COUNTER,
            MetricUnit.NONE,
            "Prompts that could not be kept or had from files, by reason; the requests don't notice but in their time.",
            MODEL,
            PROMPT_FAILURE),

    RESIDENT_BYTES(
            "kvant_resident_memory_bytes",
            GAUGE,
            MetricUnit.BYTES,
            "Memory of the process that is in RAM, native and Java; the sum is the resident set.",
            RESIDENT_KIND),
    JAVA_HEAP_USED("kvant_java_heap_used_bytes", GAUGE, MetricUnit.BYTES, "Java heap in use, garbage included."),
    JAVA_HEAP_COMMITTED(
            "kvant_java_heap_committed_bytes", GAUGE, MetricUnit.BYTES, "Java heap that the runtime holds."),
    JAVA_HEAP_MAX("kvant_java_heap_max_bytes", GAUGE, MetricUnit.BYTES, "Most that the Java heap may grow to."),
    JAVA_DIRECT("kvant_java_direct_bytes", GAUGE, MetricUnit.BYTES, "Java's direct buffers: network and files."),
    JAVA_THREADS(
            "kvant_java_threads",
            GAUGE,
            MetricUnit.THREADS,
            "Live platform threads of the Java runtime; native ones of ggml aren't among them."),
    GC_SECONDS("kvant_java_gc_seconds_total", COUNTER, MetricUnit.SECONDS, "Time that garbage collections took."),
    CPU_SECONDS(
            "kvant_process_cpu_seconds_total",
            COUNTER,
            MetricUnit.SECONDS,
            "CPU time of the process, native threads included."),
    UPTIME("kvant_uptime_seconds", GAUGE, MetricUnit.SECONDS, "Since the Java runtime's start."),
    BUILD("kvant_build_info", INFO, MetricUnit.NONE, "Versions, in the labels.", VERSION, LLAMA_CPP, JAVA);

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
