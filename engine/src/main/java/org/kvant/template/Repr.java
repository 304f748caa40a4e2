package org.kvant.template;

import java.util.Iterator;
import java.util.function.Consumer;

/** Python's {@code str()} and {@code repr()}. */
final class Repr {
    private Repr() {}

    static String str(Object value) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined _ -> "";
            default -> repr(value);
        };
    }

    static String repr(Object value) {
        if (value instanceof Long) {
            return value.toString();
        }
        StringBuilder out = new StringBuilder();
        append(out, value);
        return out.toString();
    }

    private static void append(StringBuilder out, Object value) {
        switch (value) {
            case String text -> quote(out, text);
            case None _ -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Double d -> out.append(Floats.repr(d));
            case java.util.List<?> list -> {
                out.append('[');
                join(out, list.iterator(), item -> append(out, item));
                out.append(']');
            }
            case Tuple tuple -> {
                out.append('(');
                join(out, tuple.items().iterator(), item -> append(out, item));
                out.append(tuple.items().size() == 1 ? ",)" : ")");
            }
            case Dict dict -> {
                out.append('{');
                join(out, dict.items().iterator(), item -> {
                    append(out, item.key());
                    out.append(": ");
                    append(out, item.value());
                });
                out.append('}');
            }
            case DictView view -> {
                out.append(view.typeName()).append('(');
                append(out, view.list());
                out.append(')');
            }
            case Markup markup -> {
                out.append("Markup(");
                quote(out, markup.text());
                out.append(')');
            }
            case Undefined _ -> out.append("Undefined");
            case Range range -> {
                out.append("range(").append(range.start()).append(", ").append(range.stop());
                out.append(range.step() == 1 ? ")" : ", " + range.step() + ")");
            }
            case Loop loop ->
                out.append("<LoopContext ")
                        .append(loop.index())
                        .append('/')
                        .append(loop.length())
                        .append('>');
            case Macro macro -> {
                out.append("<Macro ");
                quote(out, macro.code().name());
                out.append('>');
            }
            case Namespace namespace -> {
                Dict attributes = new Dict();
                namespace.attributes().forEach(attributes::put);
                out.append("<Namespace ");
                append(out, attributes);
                out.append('>');
            }
            case Number number -> out.append(number);
            default -> out.append('<').append(Types.name(value)).append(" object>");
        }
    }

    private static <T> void join(StringBuilder out, Iterator<T> items, Consumer<T> each) {
        for (boolean first = true; items.hasNext(); first = false) {
            if (!first) {
                out.append(", ");
            }
            Render.element(out.length());
            each.accept(items.next());
        }
    }

    private static void quote(StringBuilder out, String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        String form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
                        out.append(form.formatted(c));
                    }
                }
            }
        });
        out.append(quote);
    }

    static boolean isPrintable(int c) {
        return c == ' '
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }
}
