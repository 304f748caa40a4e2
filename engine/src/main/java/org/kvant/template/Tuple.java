package org.kvant.template;

import java.util.List;

/**
 * A tuple.
 *
 * @param group whether its two items also answer to the names {@code grouper} and {@code list}, as those of {@code groupby} do
 */
record Tuple(List<Object> items, boolean group) {
    static final Tuple EMPTY = new Tuple(List.of(), false);

    static Tuple of(Object... items) {
        return new Tuple(List.of(items), false);
    }

    static Tuple of(List<Object> items) {
        return new Tuple(items, false);
    }
}
