package org.kvant.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/** Going through values, indices and slices. */
final class Sequences {
    private Sequences() {}

    static boolean iterable(Object value) {
        return switch (value) {
            case String _ -> true;
            case Markup _ -> true;
            case List<?> _ -> true;
            case Tuple _ -> true;
            case Dict _ -> true;
            case DictView _ -> true;
            case Range _ -> true;
            case Generator _ -> true;
            case Undefined _ -> true;
            default -> false;
        };
    }

    /** @throws TemplateException if the value cannot be gone through */
    static Iterator<Object> iterate(Object value) {
        return switch (value) {
            case String text -> Text.characters(text);
            case Markup markup -> Text.characters(markup.text());
            case List<?> list -> items(list).iterator();
            case Tuple tuple -> tuple.items().iterator();
            case Dict dict -> dict.keys().iterator();
            case DictView view -> view.list().iterator();
            case Range range -> range.iterator();
            case Generator generator -> generator.items();
            case Undefined _ -> Collections.emptyIterator();
            default -> throw TemplateException.type("'" + Types.name(value) + "' object is not iterable");
        };
    }

    /** All items, in a new list. */
    static List<Object> list(Object value) {
        if (value instanceof List<?> list) {
            return new ArrayList<>(items(list));
        }
        List<Object> list = new ArrayList<>();
        iterate(value).forEachRemaining(list::add);
        return list;
    }

    /** A template's lists hold nothing but values. */
    @SuppressWarnings("unchecked")
    static List<Object> items(List<?> list) {
        return (List<Object>) list;
    }

    /** @throws TemplateException if the value has no length */
    static long length(Object value) {
        return switch (value) {
            case String text -> Text.length(text);
            case Markup markup -> Text.length(markup.text());
            case List<?> list -> list.size();
            case Tuple tuple -> tuple.items().size();
            case Dict dict -> dict.size();
            case DictView view -> view.dict().size();
            case Range range -> range.size();
            case Undefined _ -> 0;
            case Loop loop -> loop.length();
            default -> throw TemplateException.type("object of type '" + Types.name(value) + "' has no len()");
        };
    }

    /** Whether {@code value[0]} could be asked of it. */
    static boolean indexable(Object value) {
        return switch (value) {
            case String _ -> true;
            case Markup _ -> true;
            case List<?> _ -> true;
            case Tuple _ -> true;
            case Range _ -> true;
            default -> false;
        };
    }

    /** The item at an index within the length. */
    static Object at(Object value, int index) {
        return switch (value) {
            case String text -> Text.at(text, index);
            case Markup markup -> new Markup(Text.at(markup.text(), index));
            case List<?> list -> items(list).get(index);
            case Tuple tuple -> tuple.items().get(index);
            case Range range -> range.get(index);
            default -> throw new IllegalArgumentException(Types.name(value));
        };
    }

    /** {@code value[start:stop:step]}; None stands for a bound that is left out. */
    static Object slice(Object value, Object start, Object stop, Object step) {
        Undefined.refuse(value);
        if (!indexable(value)) {
            throw TemplateException.type(
                    value instanceof Dict
                            ? "unhashable type: 'slice'"
                            : "'" + Types.name(value) + "' object is not subscriptable");
        }
        int by = step == None.NONE ? 1 : Math.max(-Integer.MAX_VALUE, bound(step));
        if (by == 0) {
            throw TemplateException.value("slice step cannot be zero");
        }
        int length = (int) length(value);
        int from = start == None.NONE ? (by > 0 ? 0 : length - 1) : clamp(bound(start), length, by);
        int to = stop == None.NONE ? (by > 0 ? length : -1) : clamp(bound(stop), length, by);
        return switch (value) {
            case String text -> text(text, length, from, to, by);
            case Markup markup -> new Markup(text(markup.text(), length, from, to, by));
            case List<?> list -> pick(items(list), from, to, by);
            case Tuple tuple -> Tuple.of(pick(tuple.items(), from, to, by));
            case Range range ->
                new Range(range.start() + from * range.step(), range.start() + to * range.step(), range.step() * by);
            default -> throw new IllegalArgumentException(Types.name(value));
        };
    }

    private static int bound(Object value) {
        if (!Types.isInteger(value)) {
            throw TemplateException.type("slice indices must be integers or None or have an __index__ method");
        }
        return Numbers.index(value);
    }

    private static int clamp(int index, int length, int step) {
        int least = step > 0 ? 0 : -1;
        if (index < 0) {
            return Math.max(least, index + length);
        }
        return Math.min(index, step > 0 ? length : length - 1);
    }

    private static String text(String text, int length, int from, int to, int step) {
        if (step == 1) {
            if (from >= to) {
                return "";
            }
            return length == text.length()
                    ? text.substring(from, to)
                    : text.substring(Text.offset(text, from), Text.offset(text, to));
        }
        int[] characters = text.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            out.appendCodePoint(characters[(int) i]);
        }
        return out.toString();
    }

    private static List<Object> pick(List<Object> items, int from, int to, int step) {
        if (step == 1) {
            return from >= to ? new ArrayList<>() : new ArrayList<>(items.subList(from, to));
        }
        List<Object> picked = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            picked.add(items.get((int) i));
        }
        return picked;
    }
}
