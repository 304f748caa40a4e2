package org.kvant.template;

import java.util.ArrayList;
import java.util.List;

/** What a dict's {@code keys}, {@code values} and {@code items} return: it has a length and can be gone through, but has no indices. */
record DictView(Dict dict, Kind kind) {
    enum Kind {
        KEYS,
        VALUES,
        ITEMS
    }

    List<Object> list() {
        return switch (kind) {
            case KEYS -> dict.keys();
            case VALUES -> dict.values();
            case ITEMS -> {
                List<Object> pairs = new ArrayList<>(dict.size());
                dict.items().forEach(item -> pairs.add(Tuple.of(item.key(), item.value())));
                yield pairs;
            }
        };
    }

    String typeName() {
        return switch (kind) {
            case KEYS -> "dict_keys";
            case VALUES -> "dict_values";
            case ITEMS -> "dict_items";
        };
    }
}
