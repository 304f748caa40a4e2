package org.kvant.engine.request;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** llama.cpp's samplers that a request may order ({@code common_sampler_type} in {@code common/common.h}). */
public enum SamplerKind {
    PENALTIES("penalties"),
    DRY("dry"),
    TOP_N_SIGMA("top_n_sigma"),
    TOP_K("top_k"),
    TYPICAL_P("typ_p"),
    TOP_P("top_p"),
    MIN_P("min_p"),
    XTC("xtc"),
    TEMPERATURE("temperature"),
    /** Compares all pairs of candidates, so {@link #TOP_K} must stand before it. */
    INFILL("infill"),
    /** Draws the token, whatever its place in the order. */
    ADAPTIVE_P("adaptive_p");

    /** llama-server's default. */
    public static final List<SamplerKind> DEFAULT_ORDER =
            List.of(PENALTIES, DRY, TOP_N_SIGMA, TOP_K, TYPICAL_P, TOP_P, MIN_P, XTC, TEMPERATURE);

    private static final Map<String, SamplerKind> BY_NAME = Stream.of(values())
            .flatMap(kind -> Stream.of(kind.id, kind.id.replace('_', '-'), kind.id.replace("_", ""))
                    .distinct()
                    .map(name -> Map.entry(name, kind)))
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    private static final Map<String, SamplerKind> OTHER_NAMES = Map.of(
            "nucleus", TOP_P,
            "temp", TEMPERATURE,
            "typ", TYPICAL_P,
            "typical_p", TYPICAL_P);

    private final String id;

    SamplerKind(String id) {
        this.id = id;
    }

    /** llama-server's name. */
    public String id() {
        return id;
    }

    /** By any of the names that llama-server takes: {@code top_k}, {@code top-k}, {@code topk}, {@code nucleus}, … */
    public static Optional<SamplerKind> of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return Optional.ofNullable(BY_NAME.getOrDefault(lower, OTHER_NAMES.get(lower)));
    }
}
