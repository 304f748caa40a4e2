package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The names under which a scrape shows the catalogue. */
@SuppressWarnings("ImmutableEnumChecker") // Lists made by List.copyOf of records are immutable.
public enum Vocabulary {
    /** {@link Metric}'s own. */
    KVANT(List.of()),
    VLLM(VllmVocabulary.translations()),
    LLAMA_SERVER(LlamaServerVocabulary.translations());

    private final List<Translation> translations;

    Vocabulary(List<Translation> translations) {
        this.translations = translations;
    }

    /** As a user writes it: {@code kvant}, {@code vllm}, {@code llama-server}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Reads a comma-separated list of labels.
     *
     * @throws IllegalArgumentException for an unknown or an empty one, naming those that there are
     */
    public static Set<Vocabulary> parse(String list) {
        Set<Vocabulary> parsed = EnumSet.noneOf(Vocabulary.class);
        for (String word : list.split(",", -1)) {
            parsed.add(Arrays.stream(values())
                    .filter(vocabulary -> vocabulary.label().equals(word.strip()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("No metrics vocabulary '" + word.strip()
                            + "': use one or more of "
                            + Arrays.stream(values()).map(Vocabulary::label).collect(Collectors.joining(", ")))));
        }
        return parsed;
    }

    /** The families that this vocabulary has; of {@link #KVANT} none, as those are the catalogue's. */
    List<Translation> translations() {
        return translations;
    }

    /** @param catalogue the catalogue's families */
    Stream<MetricSnapshot> snapshots(MetricSnapshots catalogue) {
        if (this == KVANT) {
            return catalogue.stream();
        }
        Reading reading = new Reading(catalogue);
        return translations.stream()
                .map(translation -> translation.snapshot(reading))
                .filter(snapshot -> !snapshot.getDataPoints().isEmpty());
    }
}
