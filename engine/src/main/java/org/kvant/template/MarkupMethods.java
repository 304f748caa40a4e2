package org.kvant.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Methods of strings that are marked as safe: what they put in is escaped, and what they return is marked. */
final class MarkupMethods {
    private static final Set<String> PUTTING_IN = Set.of("format", "join", "center", "ljust", "rjust");

    private MarkupMethods() {}

    static Callable bound(Markup markup, String name) {
        return (render, arguments) -> {
            render.charge(markup.text().length());
            return marked(StringMethods.call(render, markup.text(), name, escaped(name, arguments)), name);
        };
    }

    private static Arguments escaped(String name, Arguments arguments) {
        List<Object> positional = new ArrayList<>(arguments.positional());
        if (name.equals("replace") && positional.size() > 1) {
            positional.set(1, Markup.escaped(positional.get(1)));
        } else if (name.equals("join") && positional.size() == 1) {
            List<Object> parts = new ArrayList<>();
            Sequences.iterate(positional.getFirst()).forEachRemaining(part -> parts.add(Markup.escaped(part)));
            positional.set(0, parts);
        } else if (PUTTING_IN.contains(name)) {
            positional.replaceAll(MarkupMethods::escapedText);
        }
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        if (name.equals("format")) {
            named.replaceAll((_, value) -> escapedText(value));
        }
        return new Arguments(positional, named);
    }

    private static Object escapedText(Object value) {
        return Types.isString(value) ? Markup.escaped(value) : value;
    }

    private static Object marked(Object result, String name) {
        return switch (result) {
            case String text -> name.equals("format_map") ? text : new Markup(text);
            case List<?> list -> marked(Sequences.items(list));
            case Tuple tuple -> Tuple.of(marked(tuple.items()));
            default -> result;
        };
    }

    private static List<Object> marked(List<Object> items) {
        List<Object> marked = new ArrayList<>(items.size());
        items.forEach(item -> marked.add(new Markup(Types.text(item))));
        return marked;
    }
}
