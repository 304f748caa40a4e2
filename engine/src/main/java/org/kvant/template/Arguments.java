package org.kvant.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of one call.
 *
 * @param positional in order
 * @param named in order; often empty
 */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    /** The values of a function that takes no names. */
    Object[] positional(String function, int least, int most) {
        if (!named.isEmpty()) {
            throw TemplateException.type(function + "() takes no keyword arguments");
        }
        int given = positional.size();
        if (given < least || given > most) {
            throw TemplateException.type(function + "() takes "
                    + (least == most ? "exactly " + least : "from " + least + " to " + most) + " argument(s), but "
                    + given + " were given");
        }
        return positional.toArray();
    }

    /** The values in the order of {@code parameters}, by position or by name; null where none was given. */
    @Nullable
    Object[] bind(String function, String... parameters) {
        if (positional.size() > parameters.length) {
            throw TemplateException.type(function + "() takes at most " + parameters.length + " argument(s), but "
                    + positional.size() + " were given");
        }
        @Nullable Object[] values = new @Nullable Object[parameters.length];
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        int taken = 0;
        for (int i = 0; i < parameters.length && taken < named.size(); i++) {
            Object value = named.get(parameters[i]);
            if (value == null) {
                continue;
            }
            if (values[i] != null) {
                throw TemplateException.type(function + "() got multiple values for argument '" + parameters[i] + "'");
            }
            values[i] = value;
            taken++;
        }
        if (taken < named.size()) {
            String unknown = named.keySet().stream()
                    .filter(name -> !List.of(parameters).contains(name))
                    .findFirst()
                    .orElse("");
            throw TemplateException.type(function + "() got an unexpected keyword argument '" + unknown + "'");
        }
        return values;
    }

    /** A bound value that must be there. */
    static Object required(@Nullable Object value, String function, String parameter) {
        if (value == null) {
            throw TemplateException.type(function + "() missing required argument: '" + parameter + "'");
        }
        return value;
    }

    static Object or(@Nullable Object value, Object absent) {
        return value == null ? absent : value;
    }

    /** Without the first {@code count} positional ones. */
    Arguments after(int count) {
        return new Arguments(positional.subList(Math.min(count, positional.size()), positional.size()), named);
    }
}
