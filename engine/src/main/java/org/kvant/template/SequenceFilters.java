package org.kvant.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Filters of sequences. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void addTo(Map<String, Filters.Filter> filters) {
        filters.put("length", Filters.plain("length", value -> Sequences.length(value)));
        filters.put("count", Filters.plain("count", value -> Sequences.length(value)));
        filters.put("list", Filters.plain("list", value -> Sequences.list(value)));
        filters.put("first", Filters.plain("first", SequenceFilters::first));
        filters.put("last", Filters.plain("last", value -> last(value)));
        filters.put("join", SequenceFilters::join);
        filters.put("reverse", Filters.plain("reverse", value -> reverse(value)));
        filters.put("sort", SequenceFilters::sort);
        filters.put("dictsort", SequenceFilters::dictSort);
        filters.put("items", Filters.plain("items", value -> items(value)));
        filters.put("unique", SequenceFilters::unique);
        filters.put("min", (_, value, arguments) -> extreme(value, arguments, "min", 1));
        filters.put("max", (_, value, arguments) -> extreme(value, arguments, "max", -1));
        filters.put("sum", SequenceFilters::sum);
        filters.put("batch", SequenceFilters::batch);
        filters.put("slice", SequenceFilters::slice);
        filters.put("groupby", SequenceFilters::groupBy);
    }

    private static Object first(Object value) {
        Iterator<Object> items = Sequences.iterate(value);
        return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
    }

    private static Object last(Object value) {
        if (!(value instanceof Undefined) && (!Sequences.iterable(value) || value instanceof Generator)) {
            throw TemplateException.type("'" + Types.name(value) + "' object is not reversible");
        }
        List<Object> items = Sequences.list(value);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getLast();
    }

    private static Object join(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("join", "d", "attribute");
        String separator = Repr.str(Arguments.or(given[0], ""));
        Object attribute = Arguments.or(given[1], None.NONE);
        UnaryOperator<Object> getter = Members.getter(attribute, false, null);
        StringBuilder out = new StringBuilder();
        Iterator<Object> items = Sequences.iterate(value);
        for (boolean first = true; items.hasNext(); first = false) {
            String text = Repr.str(getter.apply(items.next()));
            render.charge((long) out.length() + separator.length() + text.length() >> 6);
            out.append(first ? "" : separator).append(text);
        }
        render.charge(out.length());
        return out.toString();
    }

    private static Object reverse(Object value) {
        if (Types.isString(value)) {
            String reversed = new StringBuilder(Types.text(value)).reverse().toString();
            return value instanceof Markup ? new Markup(reversed) : reversed;
        }
        if (!Sequences.iterable(value)) {
            throw TemplateException.type("argument must be iterable");
        }
        List<Object> items = Sequences.list(value);
        Collections.reverse(items);
        // Python reverses a generator into a list, and anything else into an iterator.
        return value instanceof Generator ? items : new Generator(items.iterator());
    }

    private static Object sort(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
        boolean ignoreCase = !Types.truth(Arguments.or(given[1], false));
        UnaryOperator<Object> key = Members.several(Arguments.or(given[2], None.NONE), ignoreCase);
        return sorted(render, Sequences.list(value), key, Types.truth(Arguments.or(given[0], false)));
    }

    private static List<Object> sorted(Render render, List<Object> items, UnaryOperator<Object> key, boolean reverse) {
        record Keyed(Object key, Object item) {}
        List<Keyed> keyed = new ArrayList<>();
        items.forEach(item -> keyed.add(new Keyed(key.apply(item), item)));
        Comparator<Keyed> order = (a, b) -> {
            render.step();
            return Comparison.compare(a.key, b.key);
        };
        // Reversed, equal items still stay in their order.
        keyed.sort(reverse ? order.reversed() : order);
        List<Object> sorted = new ArrayList<>(items.size());
        keyed.forEach(one -> sorted.add(one.item));
        return sorted;
    }

    private static Object dictSort(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
        Object by = Arguments.or(given[1], "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw TemplateException.type("You can only sort by either \"key\" or \"value\"");
        }
        Undefined.refuse(value);
        if (!(value instanceof Dict dict)) {
            throw TemplateException.type("dictsort takes a dict, not '" + Types.name(value) + "'");
        }
        int index = by.equals("key") ? 0 : 1;
        boolean ignoreCase = !Types.truth(Arguments.or(given[0], false));
        return sorted(
                render,
                new DictView(dict, DictView.Kind.ITEMS).list(),
                item -> {
                    Object key = ((Tuple) item).items().get(index);
                    return ignoreCase ? Members.ignoringCase(key) : key;
                },
                Types.truth(Arguments.or(given[2], false)));
    }

    private static Object items(Object value) {
        return switch (value) {
            case Undefined _ -> new Generator(Collections.emptyIterator());
            case Dict dict ->
                new Generator(new DictView(dict, DictView.Kind.ITEMS).list().iterator());
            default -> throw TemplateException.type("Can only get item pairs from a mapping.");
        };
    }

    private static Object unique(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("unique", "case_sensitive", "attribute");
        UnaryOperator<Object> key =
                Members.getter(Arguments.or(given[1], None.NONE), !Types.truth(Arguments.or(given[0], false)), null);
        Iterator<Object> items = Sequences.iterate(value);
        Set<Object> seen = new HashSet<>();
        return Generator.of(() -> {
            while (items.hasNext()) {
                render.step();
                Object item = items.next();
                if (seen.add(Dict.canonical(key.apply(item)))) {
                    return item;
                }
            }
            return null;
        });
    }

    private static Object extreme(Object value, Arguments arguments, String name, int sign) {
        @Nullable Object[] given = arguments.bind(name, "case_sensitive", "attribute");
        UnaryOperator<Object> key =
                Members.getter(Arguments.or(given[1], None.NONE), !Types.truth(Arguments.or(given[0], false)), null);
        Iterator<Object> items = Sequences.iterate(value);
        if (!items.hasNext()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        Object best = items.next();
        Object bestKey = key.apply(best);
        while (items.hasNext()) {
            Object item = items.next();
            Object itemKey = key.apply(item);
            if (sign * Comparison.compare(itemKey, bestKey) < 0) {
                best = item;
                bestKey = itemKey;
            }
        }
        return best;
    }

    private static Object sum(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("sum", "attribute", "start");
        UnaryOperator<Object> getter = Members.getter(Arguments.or(given[0], None.NONE), false, null);
        Object total = Arguments.or(given[1], 0L);
        if (Types.isString(total)) {
            throw TemplateException.type("sum() can't sum strings [use ''.join(seq) instead]");
        }
        Iterator<Object> items = Sequences.iterate(value);
        while (items.hasNext()) {
            total = Operators.apply(render, TokenType.ADD, total, getter.apply(items.next()));
        }
        return total;
    }

    private static Object batch(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("batch", "linecount", "fill_with");
        int size = Numbers.index(Arguments.required(given[0], "batch", "linecount"));
        Object fill = Arguments.or(given[1], None.NONE);
        Iterator<Object> items = Sequences.iterate(value);
        boolean[] began = {false};
        return Generator.of(() -> {
            if (!items.hasNext()) {
                return null;
            }
            List<Object> row = new ArrayList<>();
            // Python compares for equality, so that after an empty first row a row of no size never ends.
            boolean unending = size < 0 || size == 0 && began[0];
            began[0] = true;
            while (items.hasNext() && (unending || row.size() < size)) {
                row.add(items.next());
            }
            if (fill != None.NONE && row.size() < size) {
                render.charge(size);
                row.addAll(Collections.nCopies(size - row.size(), fill));
            }
            return row;
        });
    }

    private static Object slice(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("slice", "slices", "fill_with");
        int slices = Numbers.index(Arguments.required(given[0], "slice", "slices"));
        Object fill = Arguments.or(given[1], None.NONE);
        List<Object> items = Sequences.list(value);
        if (slices == 0) {
            throw TemplateException.value("integer division or modulo by zero");
        }
        render.charge(slices);
        List<Object> all = new ArrayList<>();
        int each = Math.floorDiv(items.size(), slices);
        int longer = Math.floorMod(items.size(), slices);
        int start = 0;
        for (int i = 0; i < slices; i++) {
            int end = start + each + (i < longer ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(start, end));
            if (fill != None.NONE && i >= longer) {
                part.add(fill);
            }
            all.add(part);
            start = end;
        }
        return new Generator(all.iterator());
    }

    private static Object groupBy(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("groupby", "attribute", "default", "case_sensitive");
        Object attribute = Arguments.required(given[0], "groupby", "attribute");
        Object absent = given[1] == null || given[1] == None.NONE ? null : given[1];
        boolean ignoreCase = !Types.truth(Arguments.or(given[2], false));
        UnaryOperator<Object> key = Members.getter(attribute, ignoreCase, absent);
        UnaryOperator<Object> shown = Members.getter(attribute, false, absent);
        List<Object> groups = new ArrayList<>();
        List<Object> members = new ArrayList<>();
        Object current = null;
        for (Object item : sorted(render, Sequences.list(value), key, false)) {
            Object itemKey = key.apply(item);
            if (current == null || !Comparison.equal(current, itemKey)) {
                members = new ArrayList<>();
                groups.add(new Tuple(List.of(shown.apply(item), members), true));
                current = itemKey;
            }
            members.add(item);
        }
        return groups;
    }
}
