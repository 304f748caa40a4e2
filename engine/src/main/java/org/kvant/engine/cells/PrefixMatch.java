package org.kvant.engine.cells;

import org.jspecify.annotations.Nullable;

/**
 * What the sequences have of a prompt's beginning.
 *
 * @param source the sequence that has most of it; null if none has any
 * @param length tokens that it has, at least one fewer than the request's
 * @param coming a running sequence that will have a longer beginning once its own prompt is computed; null if there is none worth waiting for
 * @param comingLength tokens that {@code coming} will have
 */
public record PrefixMatch(
        @Nullable Slot source, int length, @Nullable Slot coming, int comingLength) {
    static final PrefixMatch NONE = new PrefixMatch(null, 0, null, 0);
}
