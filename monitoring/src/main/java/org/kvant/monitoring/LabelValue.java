package org.kvant.monitoring;

import java.util.Locale;

/** Constants as values of labels. */
final class LabelValue {
    private LabelValue() {}

    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
