package org.kvant.template;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a lazy filter returns: gone through once, then empty; no length, no indices. */
final class Generator {
    private final Iterator<Object> items;

    Generator(Iterator<Object> items) {
        this.items = items;
    }

    /** @param next gives the next item, null at the end */
    static Generator of(Supplier<@Nullable Object> next) {
        return new Generator(new Iterator<>() {
            private @Nullable Object ahead;
            private boolean ended;

            @Override
            public boolean hasNext() {
                if (ahead == null && !ended) {
                    ahead = next.get();
                    ended = ahead == null;
                }
                return ahead != null;
            }

            @Override
            public Object next() {
                Object item = hasNext() ? ahead : null;
                if (item == null) {
                    throw new NoSuchElementException();
                }
                ahead = null;
                return item;
            }
        });
    }

    Iterator<Object> items() {
        return items;
    }
}
