package org.kvant.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code str.format}: attributes and items go through the sandbox. */
final class BraceFormat {
    private final Render render;
    private final List<Object> positional;
    private final Map<String, Object> named;
    private int automatic;

    private BraceFormat(Render render, List<Object> positional, Map<String, Object> named) {
        this.render = render;
        this.positional = positional;
        this.named = named;
    }

    static String format(Render render, String format, List<Object> positional, Map<String, Object> named) {
        return new BraceFormat(render, positional, named).expand(format, 2);
    }

    static String formatMap(Render render, String format, Object mapping) {
        if (!(mapping instanceof Dict dict)) {
            throw TemplateException.type("format_map() needs a dict");
        }
        Map<String, Object> named = new HashMap<>();
        dict.items().stream()
                .filter(item -> item.key() instanceof String)
                .forEach(item -> named.put((String) item.key(), item.value()));
        return format(render, format, List.of(), named);
    }

    private String expand(String format, int depth) {
        if (depth < 0) {
            throw TemplateException.value("Max string recursion exceeded");
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            boolean doubled = i + 1 < format.length() && format.charAt(i + 1) == c;
            if (c == '{' && !doubled) {
                int end = fieldEnd(format, i + 1);
                String value = field(format.substring(i + 1, end), depth);
                render.charge((long) out.length() + value.length());
                out.append(value);
                i = end;
            } else if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                i++;
            } else if (c == '}') {
                throw TemplateException.value("Single '}' encountered in format string");
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private static int fieldEnd(String format, int start) {
        int open = 1;
        for (int i = start; i < format.length(); i++) {
            open += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw TemplateException.value(
                start == format.length()
                        ? "Single '{' encountered in format string"
                        : "expected '}' before end of string");
    }

    private String field(String field, int depth) {
        int end = 0;
        while (end < field.length() && field.charAt(end) != '!' && field.charAt(end) != ':') {
            end = field.charAt(end) == '[' ? Math.max(end + 1, field.indexOf(']', end)) : end + 1;
        }
        Object value = value(field.substring(0, end));
        if (end < field.length() && field.charAt(end) == '!') {
            char conversion = end + 1 < field.length() ? field.charAt(end + 1) : 0;
            value = switch (conversion) {
                case 's' -> Repr.str(value);
                case 'r', 'a' -> Repr.repr(value);
                default -> throw TemplateException.value("Unknown conversion specifier " + conversion);
            };
            end += 2;
        }
        String spec = end < field.length() ? expand(field.substring(end + 1), depth - 1) : "";
        return FormatSpec.parse(spec).format(render, value);
    }

    private Object value(String path) {
        int end = 0;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
            end++;
        }
        Object value = first(path.substring(0, end));
        while (end < path.length()) {
            if (path.charAt(end) == '[') {
                int close = path.indexOf(']', end);
                if (close < 0) {
                    throw TemplateException.value("Missing ']' in format string");
                }
                String key = path.substring(end + 1, close);
                boolean index = !key.isEmpty() && key.chars().allMatch(c -> c >= '0' && c <= '9');
                value = Attributes.item(value, index ? (Object) (long) FormatSpec.number(key) : key);
                end = close + 1;
            } else {
                int stop = end + 1;
                while (stop < path.length() && path.charAt(stop) != '.' && path.charAt(stop) != '[') {
                    stop++;
                }
                value = Attributes.attribute(value, path.substring(end + 1, stop));
                end = stop;
            }
        }
        return value;
    }

    private Object first(String name) {
        if (name.isEmpty() || name.chars().allMatch(c -> c >= '0' && c <= '9')) {
            if (name.isEmpty() ? automatic < 0 : automatic > 0) {
                throw TemplateException.value("cannot switch between automatic and manual field numbering");
            }
            int index = name.isEmpty() ? automatic++ : FormatSpec.number(name);
            automatic = name.isEmpty() ? automatic : -1;
            if (index >= positional.size()) {
                throw TemplateException.value("Replacement index " + index + " out of range for positional args tuple");
            }
            return positional.get(index);
        }
        Object value = named.get(name);
        if (value == null) {
            throw TemplateException.value("KeyError: " + Repr.repr(name));
        }
        return value;
    }
}
