package org.kvant.template;

import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** {@code map}, {@code select}, {@code reject} and their kin: lazy, so that what comes out is gone through once. */
final class SelectionFilters {
    private SelectionFilters() {}

    static void addTo(Map<String, Filters.Filter> filters) {
        filters.put("map", SelectionFilters::map);
        filters.put("select", (render, value, arguments) -> choose(render, value, arguments, false, true));
        filters.put("reject", (render, value, arguments) -> choose(render, value, arguments, false, false));
        filters.put("selectattr", (render, value, arguments) -> choose(render, value, arguments, true, true));
        filters.put("rejectattr", (render, value, arguments) -> choose(render, value, arguments, true, false));
    }

    private static Object map(Render render, Object value, Arguments arguments) {
        return lazily(value, items -> {
            UnaryOperator<Object> mapping = mapping(render, arguments);
            return Generator.of(() -> {
                render.step();
                return items.hasNext() ? mapping.apply(items.next()) : null;
            });
        });
    }

    private static UnaryOperator<Object> mapping(Render render, Arguments arguments) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            Object attribute = Arguments.or(named.remove("attribute"), None.NONE);
            Object absent = named.remove("default");
            if (!named.isEmpty()) {
                throw TemplateException.type("Unexpected keyword argument "
                        + Repr.repr(named.keySet().iterator().next()));
            }
            return Members.getter(attribute, false, absent == None.NONE ? null : absent);
        }
        if (arguments.positional().isEmpty()) {
            throw TemplateException.type("map requires a filter argument");
        }
        String name = Types.text(arguments.positional().getFirst());
        Arguments rest = arguments.after(1);
        return item -> Filters.apply(render, name, item, rest);
    }

    private static Object choose(Render render, Object value, Arguments arguments, boolean byMember, boolean wanted) {
        return lazily(value, items -> {
            Predicate<Object> test = test(render, arguments, byMember);
            return Generator.of(() -> next(render, items, test, wanted));
        });
    }

    private static @Nullable Object next(
            Render render, Iterator<Object> items, Predicate<Object> test, boolean wanted) {
        while (items.hasNext()) {
            render.step();
            Object item = items.next();
            if (test.test(item) == wanted) {
                return item;
            }
        }
        return null;
    }

    private static Predicate<Object> test(Render render, Arguments arguments, boolean byMember) {
        int used = byMember ? 1 : 0;
        if (arguments.positional().size() < used) {
            throw TemplateException.type("Missing parameter for attribute name");
        }
        UnaryOperator<Object> getter =
                byMember ? Members.getter(arguments.positional().getFirst(), false, null) : UnaryOperator.identity();
        if (arguments.positional().size() == used) {
            return item -> Types.truth(getter.apply(item));
        }
        String name = Types.text(arguments.positional().get(used));
        Arguments rest = arguments.after(used + 1);
        return item -> Tests.holds(render, name, getter.apply(item), rest);
    }

    /** Like Python's generators: nothing happens, and nothing fails, before the first item is asked for. */
    private static Object lazily(Object value, java.util.function.Function<Iterator<Object>, Generator> body) {
        Iterator<Object> whole = new Iterator<>() {
            private @Nullable Iterator<Object> items;

            private Iterator<Object> items() {
                if (items == null) {
                    items = Types.truth(value)
                            ? body.apply(Sequences.iterate(value)).items()
                            : Collections.emptyIterator();
                }
                return items;
            }

            @Override
            public boolean hasNext() {
                return items().hasNext();
            }

            @Override
            public Object next() {
                return items().next();
            }
        };
        return new Generator(whole);
    }
}
