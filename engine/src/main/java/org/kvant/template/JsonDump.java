package org.kvant.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code tojson} of transformers: Python's {@code json.dumps} with {@code ensure_ascii=False}. */
final class JsonDump {
    private static final int DEEPEST = 1000;

    private final Render render;
    private final StringBuilder out = new StringBuilder();
    private final boolean ascii;
    private final boolean sortKeys;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private int depth;

    private JsonDump(Render render, @Nullable Object[] options) {
        this.render = render;
        ascii = Types.truth(Arguments.or(options[0], false));
        Object indention = Arguments.or(options[1], None.NONE);
        indent = indention == None.NONE
                ? null
                : Types.isString(indention)
                        ? Types.text(indention)
                        : " ".repeat(Math.clamp(Numbers.index(indention), 0, 1000));
        Object separators = Arguments.or(options[2], None.NONE);
        if (separators == None.NONE) {
            itemSeparator = indent == null ? ", " : ",";
            keySeparator = ": ";
        } else {
            List<Object> pair = Sequences.list(separators);
            if (pair.size() != 2) {
                throw TemplateException.value("separators must be two strings");
            }
            itemSeparator = Types.text(pair.get(0));
            keySeparator = Types.text(pair.get(1));
        }
        sortKeys = Types.truth(Arguments.or(options[3], false));
    }

    static Object filter(Render render, Object value, Arguments arguments) {
        JsonDump dump =
                new JsonDump(render, arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys"));
        dump.value(value);
        return dump.out.toString();
    }

    private void value(Object value) {
        render.charge(out.length() >> 8);
        switch (value) {
            case String text -> string(text);
            case Markup markup -> string(markup.text());
            case None _ -> out.append("null");
            case Boolean b -> out.append(b ? "true" : "false");
            case Double d -> out.append(real(d));
            case Number number -> out.append(number);
            case List<?> list -> array(Sequences.items(list));
            case Tuple tuple -> array(tuple.items());
            case Dict dict -> object(dict);
            default ->
                throw TemplateException.type("Object of type " + Types.name(value) + " is not JSON serializable");
        }
    }

    private void array(List<Object> items) {
        open('[');
        for (int i = 0; i < items.size(); i++) {
            between(i);
            value(items.get(i));
        }
        close(']', items.isEmpty());
    }

    private void object(Dict dict) {
        List<Dict.Item> items = new ArrayList<>(dict.items());
        if (sortKeys) {
            items.sort((a, b) -> Comparison.compare(a.key(), b.key()));
        }
        open('{');
        Iterator<Dict.Item> iterator = items.iterator();
        for (int i = 0; iterator.hasNext(); i++) {
            Dict.Item item = iterator.next();
            between(i);
            string(key(item.key()));
            out.append(keySeparator);
            value(item.value());
        }
        close('}', items.isEmpty());
    }

    private void open(char bracket) {
        if (++depth > DEEPEST) {
            throw new TemplateException(
                    TemplateException.Kind.LIMIT, "tojson nests deeper than " + DEEPEST + " levels");
        }
        out.append(bracket);
    }

    private void between(int index) {
        if (index > 0) {
            out.append(itemSeparator);
        }
        line();
    }

    private void close(char bracket, boolean empty) {
        depth--;
        if (!empty) {
            line();
        }
        out.append(bracket);
    }

    private void line() {
        if (indent != null) {
            out.append('\n').repeat(indent, depth);
        }
    }

    private static String key(Object key) {
        return switch (key) {
            case String text -> text;
            case Markup markup -> markup.text();
            case None _ -> "null";
            case Boolean b -> b ? "true" : "false";
            case Double d -> real(d);
            case Number number -> number.toString();
            default ->
                throw TemplateException.type("keys must be str, int, float, bool or None, not " + Types.name(key));
        };
    }

    private static String real(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Floats.repr(value);
    }

    private void string(String text) {
        render.charge(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < 0x20 || ascii && c >= 0x7f) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
