package org.kvant.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A dict: keeps the order of insertion; 1, 1.0 and True are one key. */
final class Dict {
    /**
     * One pair.
     *
     * @param key as it was first inserted
     */
    record Item(Object key, Object value) {}

    private final Map<Object, Item> items;

    Dict() {
        items = new LinkedHashMap<>();
    }

    Dict(Dict other) {
        items = new LinkedHashMap<>(other.items);
    }

    @Nullable
    Object get(Object key) {
        Item item = items.get(canonical(key));
        return item == null ? null : item.value;
    }

    boolean has(Object key) {
        return items.containsKey(canonical(key));
    }

    void put(Object key, Object value) {
        items.merge(canonical(key), new Item(key, value), (old, fresh) -> new Item(old.key, fresh.value));
    }

    int size() {
        return items.size();
    }

    Collection<Item> items() {
        return items.values();
    }

    List<Object> keys() {
        List<Object> keys = new ArrayList<>(items.size());
        items.values().forEach(item -> keys.add(item.key));
        return keys;
    }

    List<Object> values() {
        List<Object> values = new ArrayList<>(items.size());
        items.values().forEach(item -> values.add(item.value));
        return values;
    }

    /**
     * An object that equals that of every equal key.
     *
     * @throws TemplateException if Python could not hash it
     */
    static Object canonical(Object key) {
        return switch (key) {
            case String text -> text;
            case Boolean b -> b ? 1L : 0L;
            case Double d when d == Math.rint(d) && Math.abs(d) < 0x1p62 -> (long) (double) d;
            case Markup markup -> markup.text();
            case BigInteger big -> big;
            case Tuple tuple -> {
                List<Object> parts = new ArrayList<>();
                for (Object item : tuple.items()) {
                    Render.element(0);
                    parts.add(canonical(item));
                }
                yield parts;
            }
            case List<?> list -> throw unhashable(list);
            case Dict dict -> throw unhashable(dict);
            default -> key;
        };
    }

    private static TemplateException unhashable(Object key) {
        return TemplateException.type("unhashable type: '" + Types.name(key) + "'");
    }
}
