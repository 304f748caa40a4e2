package org.kvant.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What filters mean by {@code attribute}: a path with dots, an index, or several paths with commas. */
final class Members {
    private Members() {}

    /** @param absent what stands for a member that isn't there; null for an undefined value */
    static UnaryOperator<Object> getter(Object attribute, boolean ignoreCase, @Nullable Object absent) {
        List<Object> path = path(attribute);
        return item -> {
            Object value = item;
            for (Object part : path) {
                value = Attributes.item(value, part);
                if (absent != null && value instanceof Undefined) {
                    value = absent;
                }
            }
            return ignoreCase ? ignoringCase(value) : value;
        };
    }

    /** Several of them as a list, to sort by. */
    static UnaryOperator<Object> several(Object attribute, boolean ignoreCase) {
        List<UnaryOperator<Object>> getters = new ArrayList<>();
        if (attribute instanceof String text) {
            for (Object one : Splitting.at(text, ",", -1, false)) {
                getters.add(getter(one, ignoreCase, null));
            }
        } else {
            getters.add(getter(attribute, ignoreCase, null));
        }
        return item -> {
            List<Object> values = new ArrayList<>();
            getters.forEach(getter -> values.add(getter.apply(item)));
            return values;
        };
    }

    static Object ignoringCase(Object value) {
        return switch (value) {
            case String text -> text.toLowerCase(Locale.ROOT);
            case Markup markup -> markup.text().toLowerCase(Locale.ROOT);
            default -> value;
        };
    }

    private static List<Object> path(Object attribute) {
        if (attribute == None.NONE) {
            return List.of();
        }
        if (!Types.isString(attribute)) {
            return List.of(attribute);
        }
        List<Object> path = Splitting.at(Types.text(attribute), ".", -1, false);
        path.replaceAll(
                part -> Letters.all(Types.text(part), "isdecimal") ? (Object) Long.valueOf(Types.text(part)) : part);
        return path;
    }
}
