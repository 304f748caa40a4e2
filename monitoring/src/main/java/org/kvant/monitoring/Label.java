package org.kvant.monitoring;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.settings.DraftOptions;
import org.kvant.engine.watch.EngineState;

/** Labels of the catalogue, with the values that are known beforehand: their series exist, at zero, from the start. */
@SuppressWarnings("ImmutableEnumChecker") // Lists made by List.of and toList are immutable.
public enum Label {
    /** The served model's name, as in {@code /v1/models}. */
    MODEL("model", "the served model's name, as in `/v1/models`"),
    OUTCOME("outcome", "how a request ended", names(outcomes())),
    SOURCE("source", "`computed`, or `cached` if the cells were still there", List.of("computed", "cached")),
    REJECTION("reason", "why a request was refused", names(List.of(Rejection.values()))),
    HTTP_REJECTION("reason", "why an HTTP request got an error", names(List.of(HttpRejection.values()))),
    STATE("state", "the engine's state", names(List.of(EngineState.values()))),
    USE(
            "use",
            "`running`, or `cached` for what a finished request left and another may take",
            List.of("running", "cached")),
    PART("part", "`k` or `v`", List.of("k", "v")),
    SCRATCH_PART("part", "as `kvant plan` names them", List.of("kv_k", "kv_v", "compute_buffers")),
    DRAFT_PART("part", "as `kvant plan` names them", List.of("weights", "kv_k", "kv_v", "compute_buffers")),
    HOST_CACHE(
            "cache",
            "`stored_prompts`: tokens of all prompts in files; `prompt_states`: states on their way to or from files;"
                    + " `token_texts`: the vocabulary for grammars, made with the first one",
            List.of("stored_prompts", "prompt_states", "token_texts")),
    POSITION(
            "position",
            "position of a token in its draft, from 0",
            IntStream.range(0, DraftOptions.LIMIT).mapToObj(Integer::toString).toList()),
    LOOKUP("result", "whether a file was found", List.of("hit", "miss")),
    PROMPT_FAILURE(
            "reason",
            "`read`: a file was damaged, missing or another model's; `write`: it could not be written; `restore`: it"
                    + " did not fit into the KV cache; `skip`: too large, or too many waited to be written",
            List.of("read", "write", "restore", "skip")),
    TYPE("type", "the ggml type of the cache, such as `q8_0`"),
    RESIDENT_KIND(
            "kind",
            "`anonymous`, `file` (mapped weights) or `shared`; only `all` where the system does not tell them apart"),
    VERSION("version", "Kvant's version"),
    LLAMA_CPP("llama_cpp", "the native library's version"),
    JAVA("java", "the Java runtime's version");

    private final String label;
    private final String help;
    private final List<String> values;

    Label(String label, String help) {
        this(label, help, List.of());
    }

    Label(String label, String help, List<String> values) {
        this.label = label;
        this.help = help;
        this.values = values;
    }

    /** The label's name in the exposition. */
    public String label() {
        return label;
    }

    /** What it says, in Markdown. */
    public String help() {
        return help;
    }

    /** All values, where they are known beforehand; else empty. */
    public List<String> known() {
        return values;
    }

    /** How an admitted request can end. A refusal is no such end; it is counted by itself. */
    static Set<Outcome> outcomes() {
        return EnumSet.complementOf(EnumSet.of(Outcome.REJECTED));
    }

    private static List<String> names(Collection<? extends Enum<?>> constants) {
        return constants.stream().map(LabelValue::of).toList();
    }
}
