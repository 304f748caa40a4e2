package org.kvant.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Methods of strings. */
final class StringMethods {
    private static final Set<String> NAMES = Set.of(
            "capitalize",
            "casefold",
            "center",
            "count",
            "endswith",
            "expandtabs",
            "find",
            "format",
            "format_map",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "isidentifier",
            "islower",
            "isnumeric",
            "isprintable",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "upper",
            "zfill");

    private StringMethods() {}

    static boolean has(String name) {
        return NAMES.contains(name);
    }

    static Callable bound(String text, String name) {
        return (render, arguments) -> {
            render.charge(text.length());
            return call(render, text, name, arguments);
        };
    }

    static Object call(Render render, String text, String name, Arguments arguments) {
        return switch (name) {
            case "split", "rsplit" -> split(text, arguments, name);
            case "splitlines" -> {
                @Nullable Object[] given = arguments.bind(name, "keepends");
                yield new ArrayList<Object>(Text.lines(text, Types.truth(Arguments.or(given[0], false))));
            }
            case "expandtabs" -> {
                @Nullable Object[] given = arguments.bind(name, "tabsize");
                yield expandTabs(render, text, given[0] == null ? 8 : Numbers.index(given[0]));
            }
            case "format" -> BraceFormat.format(render, text, arguments.positional(), arguments.named());
            case "format_map" -> BraceFormat.formatMap(render, text, arguments.positional(name, 1, 1)[0]);
            case "strip", "lstrip", "rstrip" -> {
                Object[] given = arguments.positional(name, 0, 1);
                yield strip(text, given.length == 0 ? None.NONE : given[0], name);
            }
            case "startswith", "endswith" -> affix(text, arguments.positional(name, 1, 3), name);
            case "replace" -> {
                Object[] given = arguments.positional(name, 2, 3);
                int count = given.length > 2 ? Numbers.index(given[2]) : -1;
                yield replace(render, text, Types.text(given[0]), Types.text(given[1]), count);
            }
            case "find", "rfind", "index", "rindex" -> find(text, arguments.positional(name, 1, 3), name);
            case "count" -> count(text, arguments.positional(name, 1, 3));
            case "join" -> join(render, text, arguments.positional(name, 1, 1)[0]);
            case "partition", "rpartition" ->
                partition(text, Types.text(arguments.positional(name, 1, 1)[0]), name);
            case "removeprefix" -> {
                String prefix = Types.text(arguments.positional(name, 1, 1)[0]);
                yield text.startsWith(prefix) ? text.substring(prefix.length()) : text;
            }
            case "removesuffix" -> {
                String suffix = Types.text(arguments.positional(name, 1, 1)[0]);
                yield text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
            }
            case "center", "ljust", "rjust" -> {
                Object[] given = arguments.positional(name, 1, 2);
                String fill = given.length > 1 ? Types.text(given[1]) : " ";
                if (Text.length(fill) != 1) {
                    throw TemplateException.type("The fill character must be exactly one character long");
                }
                yield pad(render, text, Numbers.index(given[0]), fill, name);
            }
            case "zfill" -> {
                int width = Numbers.index(arguments.positional(name, 1, 1)[0]);
                boolean signed = text.startsWith("-") || text.startsWith("+");
                String digits = signed ? text.substring(1) : text;
                yield (signed ? text.substring(0, 1) : "")
                        + pad(render, digits, signed ? width - 1 : width, "0", "rjust");
            }
            default -> {
                arguments.positional(name, 0, 0);
                yield plain(text, name);
            }
        };
    }

    private static Object plain(String text, String name) {
        return switch (name) {
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "casefold" -> text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
            case "capitalize" -> capitalize(text);
            case "title" -> Letters.title(text);
            case "swapcase" -> Letters.swapCase(text);
            default -> Letters.all(text, name);
        };
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return Letters.titleCase(text.codePointAt(0)) + text.substring(first).toLowerCase(Locale.ROOT);
    }

    static String strip(String text, Object characters, String side) {
        String set = "";
        if (characters != None.NONE) {
            set = Types.text(characters);
            if (set.isEmpty()) {
                return text;
            }
        }
        return Text.strip(text, set, !side.equals("rstrip"), !side.equals("lstrip"));
    }

    private static Object split(String text, Arguments arguments, String name) {
        @Nullable Object[] given = arguments.bind(name, "sep", "maxsplit");
        Object separator = Arguments.or(given[0], None.NONE);
        int most = given[1] == null ? -1 : Numbers.index(given[1]);
        boolean right = name.equals("rsplit");
        if (separator == None.NONE) {
            return Splitting.atSpaces(text, most, right);
        }
        String between = Types.text(separator);
        if (between.isEmpty()) {
            throw TemplateException.value("empty separator");
        }
        return Splitting.at(text, between, most, right);
    }

    private static Object affix(String text, Object[] given, String name) {
        int length = Text.length(text);
        int start = given.length > 1 && given[1] != None.NONE ? Numbers.index(given[1]) : 0;
        int stop = given.length > 2 && given[2] != None.NONE ? Numbers.index(given[2]) : length;
        start = start < 0 ? Math.max(0, start + length) : start;
        stop = ListMethods.clamp(stop, length);
        List<Object> affixes = given[0] instanceof Tuple tuple ? tuple.items() : List.of(given[0]);
        for (Object affix : affixes) {
            if (!Types.isString(affix)) {
                throw TemplateException.type(
                        name + " first arg must be str or a tuple of str, not " + Types.name(affix));
            }
        }
        if (start > stop) {
            return false;
        }
        String part = text.substring(Text.offset(text, start), Text.offset(text, stop));
        return affixes.stream()
                .map(Types::text)
                .anyMatch(affix -> name.equals("startswith") ? part.startsWith(affix) : part.endsWith(affix));
    }

    static String replace(Render render, String text, String old, String fresh, int count) {
        if (count == 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        int position = 0;
        int done = 0;
        while (count < 0 || done < count) {
            int at = text.indexOf(old, position);
            if (at < 0 || old.isEmpty() && done > 0 && position >= text.length()) {
                break;
            }
            if (old.isEmpty()) {
                // An empty text stands before every character and at the end.
                int next = done == 0 ? 0 : text.offsetByCodePoints(position, 1);
                out.append(text, position, next).append(fresh);
                position = next;
            } else {
                out.append(text, position, at).append(fresh);
                position = at + old.length();
            }
            done++;
            render.charge(out.length() >> 6);
        }
        return out.append(text, position, text.length()).toString();
    }

    private static Object find(String text, Object[] given, String name) {
        String part = Types.text(given[0]);
        int length = Text.length(text);
        int start = given.length > 1 && given[1] != None.NONE ? Numbers.index(given[1]) : 0;
        int stop = given.length > 2 && given[2] != None.NONE ? Numbers.index(given[2]) : length;
        start = start < 0 ? Math.max(0, start + length) : start;
        stop = ListMethods.clamp(stop, length);
        int at = -1;
        if (start <= stop) {
            int offset = Text.offset(text, start);
            String range = text.substring(offset, Text.offset(text, stop));
            at = name.startsWith("r") ? range.lastIndexOf(part) : range.indexOf(part);
            at = at < 0 ? -1 : text.codePointCount(0, offset + at);
        }
        if (at < 0 && name.endsWith("index")) {
            throw TemplateException.value("substring not found");
        }
        return (long) at;
    }

    private static Object count(String text, Object[] given) {
        String part = Types.text(given[0]);
        int length = Text.length(text);
        int start = given.length > 1 ? ListMethods.clamp(Numbers.index(given[1]), length) : 0;
        int stop = given.length > 2 ? ListMethods.clamp(Numbers.index(given[2]), length) : length;
        if (start > stop) {
            return 0L;
        }
        String range = text.substring(Text.offset(text, start), Text.offset(text, stop));
        if (part.isEmpty()) {
            return (long) Text.length(range) + 1;
        }
        long count = 0;
        for (int at = range.indexOf(part); at >= 0; at = range.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static Object join(Render render, String separator, Object items) {
        if (!Sequences.iterable(items)) {
            throw TemplateException.type("can only join an iterable");
        }
        StringBuilder out = new StringBuilder();
        Iterator<Object> iterator = Sequences.iterate(items);
        for (int i = 0; iterator.hasNext(); i++) {
            Object item = iterator.next();
            if (!Types.isString(item)) {
                throw TemplateException.type(
                        "sequence item " + i + ": expected str instance, " + Types.name(item) + " found");
            }
            render.charge((long) out.length() + Types.text(item).length() >> 6);
            out.append(i == 0 ? "" : separator).append(Types.text(item));
        }
        render.charge(out.length());
        return out.toString();
    }

    private static Object partition(String text, String separator, String name) {
        if (separator.isEmpty()) {
            throw TemplateException.value("empty separator");
        }
        boolean right = name.startsWith("r");
        int at = right ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return right ? Tuple.of("", "", text) : Tuple.of(text, "", "");
        }
        return Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    static String pad(Render render, String text, int width, String fill, String name) {
        int length = Text.length(text);
        int missing = width - length;
        if (width <= length) {
            return text;
        }
        render.charge(width);
        int left = switch (name) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private static Object expandTabs(Render render, String text, int size) {
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                int spaces = size <= 0 ? 0 : size - column % size;
                render.charge((long) out.length() + spaces >> 6);
                out.repeat(" ", spaces);
                column += spaces;
            } else {
                out.append(c);
                column = c == '\n' || c == '\r' ? 0 : Character.isLowSurrogate(c) ? column : column + 1;
            }
        }
        return out.toString();
    }
}
