package org.kvant.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The functions that every template can call. */
final class Globals {
    static final Scope SCOPE = new Scope(null, Map.copyOf(functions()));

    private Globals() {}

    private static Map<String, Object> functions() {
        Map<String, Object> functions = new HashMap<>();
        add(functions, "range", (_, arguments) -> Range.of(arguments));
        add(functions, "dict", (_, arguments) -> dict(arguments));
        add(functions, "namespace", (_, arguments) -> namespace(arguments));
        add(
                functions,
                "cycler",
                (_, arguments) -> new Cycler(List.of(arguments.positional("cycler", 0, Integer.MAX_VALUE))));
        add(functions, "joiner", (_, arguments) -> joiner(arguments));
        add(functions, "raise_exception", (_, arguments) -> {
            Object message =
                    Arguments.required(arguments.bind("raise_exception", "message")[0], "raise_exception", "message");
            throw new TemplateException(TemplateException.Kind.RAISED, Repr.str(message));
        });
        add(functions, "strftime_now", (render, arguments) -> {
            Object format = Arguments.required(arguments.bind("strftime_now", "format")[0], "strftime_now", "format");
            return Strftime.format(render.now(), Types.text(format));
        });
        return functions;
    }

    private static void add(Map<String, Object> functions, String name, Callable body) {
        functions.put(name, new BuiltIn(name, body));
    }

    private static Dict dict(Arguments arguments) {
        Dict dict = new Dict();
        if (arguments.positional().size() > 1) {
            throw TemplateException.type("dict expected at most 1 argument, got "
                    + arguments.positional().size());
        }
        for (Object given : arguments.positional()) {
            if (given instanceof Dict other) {
                other.items().forEach(item -> dict.put(item.key(), item.value()));
                continue;
            }
            Sequences.iterate(given).forEachRemaining(element -> {
                List<Object> pair = Sequences.list(element);
                if (pair.size() != 2) {
                    throw TemplateException.value(
                            "dictionary update sequence element has length " + pair.size() + "; 2 is required");
                }
                dict.put(pair.get(0), pair.get(1));
            });
        }
        arguments.named().forEach(dict::put);
        return dict;
    }

    private static Namespace namespace(Arguments arguments) {
        Namespace namespace = new Namespace();
        dict(arguments).items().forEach(item -> namespace.set(Types.text(item.key()), item.value()));
        return namespace;
    }

    private static Callable joiner(Arguments arguments) {
        Object separator = Arguments.or(arguments.bind("joiner", "sep")[0], ", ");
        boolean[] used = {false};
        return new BuiltIn("joiner", (_, _) -> {
            Object text = used[0] ? separator : "";
            used[0] = true;
            return text;
        });
    }
}
