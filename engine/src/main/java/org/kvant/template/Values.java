package org.kvant.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes a template's values of JSON-like Java objects; nothing else gets in. */
final class Values {
    private Values() {}

    /** @throws IllegalArgumentException for anything but null, strings, booleans, numbers, lists, maps and arrays of int */
    static Object of(@Nullable Object value) {
        return switch (value) {
            case null -> None.NONE;
            case String text -> text;
            case Boolean b -> b;
            case Long l -> l;
            case Double d -> d;
            case Integer i -> i.longValue();
            case Short s -> s.longValue();
            case Byte b -> b.longValue();
            case Float f -> f.doubleValue();
            case BigInteger big -> Numbers.normal(big);
            case BigDecimal decimal -> decimal.doubleValue();
            case int[] integers -> {
                List<Object> list = new ArrayList<>(integers.length);
                for (int integer : integers) {
                    list.add((long) integer);
                }
                yield list;
            }
            case List<?> items -> {
                List<Object> list = new ArrayList<>(items.size());
                for (Object item : items) {
                    list.add(of(item));
                }
                yield list;
            }
            case Map<?, ?> map -> {
                Dict dict = new Dict();
                map.forEach((key, element) -> dict.put(of(key), of(element)));
                yield dict;
            }
            default ->
                throw new IllegalArgumentException("A template takes no "
                        + value.getClass().getName() + "; give it text, numbers, lists and maps");
        };
    }
}
