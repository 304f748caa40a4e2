package org.kvant.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods of lists and tuples that change nothing. */
final class ListMethods {
    private ListMethods() {}

    /** Null if there is none of that name. */
    static @Nullable BuiltIn member(List<Object> items, String name, boolean tuple) {
        return switch (name) {
            case "count" -> new BuiltIn(name, (_, arguments) -> count(items, arguments));
            case "index" -> new BuiltIn(name, (_, arguments) -> index(items, arguments, tuple));
            case "copy" ->
                tuple
                        ? null
                        : new BuiltIn(name, (_, arguments) -> {
                            arguments.positional(name, 0, 0);
                            return new ArrayList<>(items);
                        });
            default -> null;
        };
    }

    private static Object count(List<Object> items, Arguments arguments) {
        Object wanted = arguments.positional("count", 1, 1)[0];
        return items.stream().filter(item -> Comparison.equal(item, wanted)).count();
    }

    private static Object index(List<Object> items, Arguments arguments, boolean tuple) {
        Object[] given = arguments.positional("index", 1, 3);
        int size = items.size();
        int start = given.length > 1 ? clamp(Numbers.index(given[1]), size) : 0;
        int stop = given.length > 2 ? clamp(Numbers.index(given[2]), size) : size;
        for (int i = start; i < stop; i++) {
            if (Comparison.equal(items.get(i), given[0])) {
                return (long) i;
            }
        }
        throw TemplateException.value(
                tuple ? "tuple.index(x): x not in tuple" : Repr.repr(given[0]) + " is not in list");
    }

    static int clamp(int index, int size) {
        return index < 0 ? Math.max(0, index + size) : Math.min(index, size);
    }
}
