package org.kvant.api.common;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Fields of OpenAI's API and of its other servers that this one lacks. One that would change the answer is refused, unless its value asks for
 * what happens anyway: a client must not believe that it got JSON, tools or a beam search. All other unknown fields are ignored, since clients send
 * many that change nothing here (user, metadata, store, service_tier, …).
 */
public final class UnsupportedFields {
    /** Says whether a value, never null, leaves the answer as it is. */
    private interface Harmless extends Predicate<Object> {}

    private record Rule(Harmless harmless, String remedy) {}

    private static final Harmless NEVER = _ -> false;
    private static final Harmless OFF = value -> value.equals(false);
    private static final Harmless ON = value -> value.equals(true);
    private static final Harmless EMPTY = value -> switch (value) {
        case String text -> text.isEmpty();
        case Map<?, ?> map -> map.isEmpty();
        case Collection<?> list -> list.isEmpty();
        default -> false;
    };
    private static final Harmless ZERO = number(0);
    private static final Harmless ONE = number(1);

    private static final Map<String, Rule> REQUEST = new HashMap<>();
    private static final Map<String, Rule> MESSAGE = Map.of(
            "function_call", new Rule(NEVER, "send tool_calls instead."),
            "audio", new Rule(NEVER, "this server takes text only."),
            "prefix", new Rule(OFF, "leave it out: a last message of the assistant is always continued."));

    static {
        // Several answers, or more about them.
        rule(ONE, "use n.", "n_cmpl");
        rule(either(OFF, EMPTY), "leave it out.", "return_tokens", "return_tokens_as_token_ids");
        rule(ZERO, "use logprobs.", "n_probs");
        rule(NEVER, "use echo with logprobs on /v1/completions.", "prompt_logprobs");
        rule(EMPTY, "leave it out: text is only continued, not filled in.", "suffix", "input_extra");
        rule(EMPTY, "leave it out: the whole response is sent.", "response_fields");
        // Tools and what else a chat can hold.
        rule(EMPTY, "send tools in a chat instead.", "tools", "functions");
        rule(oneOf("none", "auto"), "leave it out.", "tool_choice", "function_call");
        rule(value -> List.of("text").equals(value), "leave it out: answers are text.", "modalities");
        rule(NEVER, "leave it out.", "audio", "web_search_options", "plugins");
        // Constrained text.
        rule(
                value -> value instanceof Map<?, ?> format && "text".equals(format.get("type")),
                "ask for the format in a message instead.",
                "response_format");
        rule(
                EMPTY,
                "write it as a grammar, in the field grammar.",
                "json_schema",
                "structured_outputs",
                "guided_json",
                "guided_regex",
                "guided_choice",
                "guided_grammar",
                "regex",
                "ebnf");
        // Templates.
        rule(
                NEVER,
                "send it in chat_template_kwargs, if the model's template knows it.",
                "reasoning_effort",
                "verbosity",
                "thinking",
                "enable_thinking",
                "reasoning");
        rule(EMPTY, "start the server with --chat-template.", "chat_template");
        rule(EMPTY, "a plain completion has no template.", "chat_template_kwargs", "documents");
        rule(ON, "a plain completion has no generation prompt.", "add_generation_prompt");
        rule(OFF, "a plain completion has no messages.", "continue_final_message");
        // Sampling beyond what there is, each with the value that switches it off in llama.cpp or vLLM.
        rule(EMPTY, "leave it out.", "bad_words", "allowed_token_ids", "lora");
        rule(ZERO, "leave it out.", "n_indent", "n_discard", "top_a");
        rule(value -> value instanceof Number n && n.doubleValue() <= 0, "use timeout.", "t_max_predict_ms");
        rule(ONE, "leave it out.", "tfs_z", "length_penalty");
        rule(ONE, "use repeat_penalty with repeat_last_n.", "repetition_penalty");
        rule(
                OFF,
                "leave it out.",
                "use_beam_search",
                "include_stop_str_in_output",
                "early_stopping",
                "post_sampling_probs");
        rule(ON, "leave it out.", "skip_special_tokens", "spaces_between_special_tokens", "add_special_tokens");
        rule(
                value -> value instanceof Number n && n.doubleValue() <= 0,
                "send a shorter prompt.",
                "truncate_prompt_tokens");
    }

    private UnsupportedFields() {}

    /** @throws ApiException with status 400 that names the first field which would change the answer */
    public static void refuse(Fields request) throws ApiException {
        refuse(request, REQUEST);
    }

    /** The same where some of the fields are known, as those that a chat's template takes. */
    public static void refuse(Fields request, Set<String> known) throws ApiException {
        Map<String, @Nullable Object> others = new LinkedHashMap<>(request.all());
        others.keySet().removeAll(known);
        refuse(new Fields(others, ""), REQUEST);
    }

    /** The same for one message of a chat. */
    public static void refuseInMessage(Fields message) throws ApiException {
        refuse(message, MESSAGE);
    }

    private static void refuse(Fields object, Map<String, Rule> rules) throws ApiException {
        for (String name : object.names()) {
            Rule rule = rules.get(name);
            Object value = object.raw(name);
            if (rule != null && value != null && !rule.harmless.test(value)) {
                String path = object.path(name);
                throw new ApiException(ApiError.invalid(
                        "Unsupported parameter: '" + path + "'" + shown(value)
                                + " would change the answer, and this server cannot do that; " + rule.remedy,
                        path,
                        "unsupported_parameter"));
            }
        }
    }

    private static void rule(Harmless harmless, String remedy, String... names) {
        for (String name : names) {
            REQUEST.put(name, new Rule(harmless, remedy));
        }
    }

    private static Harmless number(double expected) {
        return value -> value instanceof Number n && n.doubleValue() == expected;
    }

    private static Harmless oneOf(String... words) {
        return value -> value instanceof String text && List.of(words).contains(text.toLowerCase(Locale.ROOT));
    }

    private static Harmless either(Harmless a, Harmless b) {
        return value -> a.test(value) || b.test(value);
    }

    private static String shown(@Nullable Object value) {
        return value instanceof Number || value instanceof Boolean || value instanceof String
                ? " = " + ApiError.shorten(Objects.toString(value))
                : "";
    }
}
