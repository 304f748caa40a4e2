package org.kvant.template;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The names of one block; what isn't here is looked for outside. */
final class Scope {
    private final @Nullable Scope outer;
    private final Set<String> unset;
    private @Nullable Map<String, Object> names;

    /** Of a block: some names are hidden until they are assigned. */
    Scope(Scope outer, Body block) {
        this.outer = outer;
        unset = block.unset();
    }

    /** Of given names. */
    Scope(@Nullable Scope outer, Map<String, Object> names) {
        this.outer = outer;
        this.names = names;
        unset = Set.of();
    }

    @Nullable
    Object find(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.names == null ? null : scope.names.get(name);
            if (value != null || scope.unset.contains(name)) {
                return value;
            }
        }
        return null;
    }

    void set(String name, Object value) {
        if (names == null) {
            names = new HashMap<>();
        }
        names.put(name, value);
    }
}
