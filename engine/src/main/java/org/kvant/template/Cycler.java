package org.kvant.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code cycler(…)}: hands out its values in turn. */
final class Cycler {
    private final List<Object> values;
    private int next;

    Cycler(List<Object> values) {
        if (values.isEmpty()) {
            throw TemplateException.type("at least one item has to be provided");
        }
        this.values = values;
    }

    /** A member; null if there is none of that name. */
    @Nullable
    Object member(String name) {
        return switch (name) {
            case "current" -> values.get(next);
            case "next" -> new BuiltIn(name, (_, _) -> next());
            case "reset" ->
                new BuiltIn(name, (_, _) -> {
                    next = 0;
                    return None.NONE;
                });
            default -> null;
        };
    }

    private Object next() {
        Object value = values.get(next);
        next = (next + 1) % values.size();
        return value;
    }
}
