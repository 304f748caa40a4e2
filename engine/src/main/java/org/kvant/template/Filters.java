package org.kvant.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The filters by name. */
final class Filters {
    /** A filter: what it is given, what it makes of it. */
    interface Filter {
        Object apply(Render render, Object value, Arguments arguments);
    }

    private static final Map<String, Filter> BY_NAME = new HashMap<>();

    static {
        TextFilters.addTo(BY_NAME);
        HtmlFilters.addTo(BY_NAME);
        SequenceFilters.addTo(BY_NAME);
        SelectionFilters.addTo(BY_NAME);
        NumberFilters.addTo(BY_NAME);
        BY_NAME.put("tojson", JsonDump::filter);
        BY_NAME.put("default", Filters::orDefault);
        BY_NAME.put("d", Filters::orDefault);
        BY_NAME.put("attr", Filters::member);
        for (String name : List.of("urlize", "random", "pprint")) {
            BY_NAME.put(name, (_, _, _) -> {
                throw TemplateException.unsupported(
                        "the filter '" + name + "' is not supported; write the template without it");
            });
        }
    }

    private Filters() {}

    static boolean has(Object name) {
        return name instanceof String text && BY_NAME.containsKey(text);
    }

    static Object apply(Render render, String name, Object value, Arguments arguments) {
        Filter filter = BY_NAME.get(name);
        if (filter == null) {
            throw new TemplateException(TemplateException.Kind.RUNTIME, "No filter named " + Repr.repr(name) + ".");
        }
        return filter.apply(render, value, arguments);
    }

    /** For filters without arguments. */
    static Filter plain(String name, UnaryOperator<Object> body) {
        return (_, value, arguments) -> {
            if (!arguments.positional().isEmpty() || !arguments.named().isEmpty()) {
                throw TemplateException.type("the filter '" + name + "' takes no arguments");
            }
            return body.apply(value);
        };
    }

    private static Object member(Render render, Object value, Arguments arguments) {
        Object name = Arguments.required(arguments.bind("attr", "name")[0], "attr", "name");
        return Attributes.memberOnly(value, Types.text(name));
    }

    private static Object orDefault(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("default", "default_value", "boolean");
        boolean replace =
                value instanceof Undefined || Types.truth(Arguments.or(given[1], false)) && !Types.truth(value);
        return replace ? Arguments.or(given[0], "") : value;
    }
}
