package org.kvant.api.common;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How tokens are to be chosen, by llama-server's names. What a request leaves out is left to the engine's default, which is llama-server's.
 *
 * @param numbers the numeric fields that were given, within {@link #RANGES}
 * @param samplers their names in order, as given; null if left out
 * @param dryBreakers {@code dry_sequence_breakers}; null if left out
 * @param logitBias none is empty
 */
public record SamplingParameters(
        Map<String, Double> numbers,
        @Nullable List<String> samplers,
        @Nullable List<String> dryBreakers,
        List<Bias> logitBias) {
    static final int MAX_BIASES = 4096;
    private static final int MAX_NAMES = 64;

    private record Range(double min, double max, boolean whole) {}

    private static final Map<String, Range> RANGES = new HashMap<>();

    static {
        real(0, 100, "temperature", "dynatemp_range", "mirostat_tau", "dry_multiplier");
        real(-100, 100, "dynatemp_exponent", "top_n_sigma");
        real(0, 1, "top_p", "min_p", "typical_p", "xtc_probability", "xtc_threshold", "mirostat_eta");
        real(-2, 2, "presence_penalty", "frequency_penalty");
        real(0.01, 100, "repeat_penalty");
        real(1, 100, "dry_base");
        real(-100, 1, "adaptive_target");
        real(0, 0.99, "adaptive_decay");
        whole(-1, Integer.MAX_VALUE, "top_k", "repeat_last_n", "dry_penalty_last_n");
        whole(0, Integer.MAX_VALUE, "min_keep", "dry_allowed_length");
        whole(0, 2, "mirostat");
    }

    /**
     * Something added to the logit of a token, or of each token of a text.
     *
     * @param token null if a text is meant
     * @param text null if a token is meant
     * @param path of the field
     */
    public record Bias(@Nullable Integer token, @Nullable String text, float bias, String path) {}

    static SamplingParameters read(Fields request) throws ApiException {
        Map<String, Double> numbers = new HashMap<>();
        for (Map.Entry<String, Range> entry : RANGES.entrySet()) {
            String name = entry.getKey();
            Range range = entry.getValue();
            if (range.whole) {
                Long value = request.integer(name, (long) range.min, (long) range.max);
                if (value != null) {
                    numbers.put(name, (double) value);
                }
            } else {
                Float value = request.number(name, range.min, range.max);
                if (value != null) {
                    numbers.put(name, (double) value);
                }
            }
        }
        return new SamplingParameters(
                Map.copyOf(numbers),
                strings(request, "samplers"),
                strings(request, "dry_sequence_breakers"),
                biases(request));
    }

    /** A field's value, or what usually applies. */
    public float number(String name, float usual) {
        Double value = numbers.get(name);
        return value == null ? usual : value.floatValue();
    }

    /** A whole field's value, or what usually applies. */
    public int integer(String name, int usual) {
        Double value = numbers.get(name);
        return value == null ? usual : value.intValue();
    }

    private static @Nullable List<String> strings(Fields request, String name) throws ApiException {
        List<@Nullable Object> values = request.list(name, "an array of strings");
        if (values == null) {
            return null;
        }
        if (values.size() > MAX_NAMES) {
            throw Fields.invalidValue(name, "at most " + MAX_NAMES + " strings, not " + values.size() + ".");
        }
        List<String> strings = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            strings.add(Fields.string(values.get(i), name + "[" + i + "]"));
        }
        return List.copyOf(strings);
    }

    /** OpenAI's object, or llama-server's array of pairs; a token is a number or, only there, a text; false bans it. */
    private static List<Bias> biases(Fields request) throws ApiException {
        Object value = request.raw("logit_bias");
        List<Bias> biases = new ArrayList<>();
        if (value instanceof Map<?, ?>) {
            Fields object = Fields.object(value, "logit_bias");
            for (String key : object.names()) {
                String path = object.path(key);
                if (!key.matches("\\d{1,9}")) {
                    throw Fields.invalidValue(path, "'" + ApiError.shorten(key) + "' is not the number of a token.");
                }
                biases.add(new Bias(Integer.parseInt(key), null, bias(object.raw(key), path), path));
            }
        } else if (value != null) {
            List<@Nullable Object> pairs = request.list("logit_bias", "an object or an array of pairs");
            for (int i = 0; pairs != null && i < pairs.size(); i++) {
                String path = "logit_bias[" + i + "]";
                Object element = pairs.get(i);
                List<@Nullable Object> pair = element == null ? null : Fields.elements(element);
                if (pair == null || pair.size() != 2) {
                    throw Fields.wrongType(path, "a pair of a token and its bias", element);
                }
                Object token = pair.getFirst();
                biases.add(
                        token instanceof String
                                ? new Bias(
                                        null, Fields.string(token, path + "[0]"), bias(pair.get(1), path + "[1]"), path)
                                : new Bias(
                                        (int) Fields.integer(token, path + "[0]", 0, Integer.MAX_VALUE),
                                        null,
                                        bias(pair.get(1), path + "[1]"),
                                        path));
            }
        }
        if (biases.size() > MAX_BIASES) {
            throw Fields.invalidValue("logit_bias", "at most " + MAX_BIASES + " tokens, not " + biases.size() + ".");
        }
        return List.copyOf(biases);
    }

    /** What makes a token practically impossible, yet leaves samplers a number if nothing else is left. */
    private static final float BANNED = -1e9f;

    private static float bias(@Nullable Object value, String path) throws ApiException {
        if (Boolean.FALSE.equals(value)) {
            return BANNED;
        }
        if (!(value instanceof Number n)) {
            throw Fields.wrongType(path, "a number or false", value);
        }
        return Fields.inRange(n, path, -100, 100);
    }

    private static void real(double min, double max, String... names) {
        for (String name : names) {
            RANGES.put(name, new Range(min, max, false));
        }
    }

    private static void whole(int min, int max, String... names) {
        for (String name : names) {
            RANGES.put(name, new Range(min, max, true));
        }
    }
}
