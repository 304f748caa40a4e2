package org.kvant.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters of strings. */
final class TextFilters {
    private static final Pattern WORD_BEGINNING = Pattern.compile("[-" + Text.SPACES + "({\\[<]+");
    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

    private TextFilters() {}

    static void addTo(Map<String, Filters.Filter> filters) {
        filters.put("string", (_, value, arguments) -> {
            arguments.bind("string");
            return value instanceof Markup ? value : Repr.str(value);
        });
        filters.put("upper", onText((text, arguments) -> {
            arguments.bind("upper");
            return text.toUpperCase(Locale.ROOT);
        }));
        filters.put("lower", onText((text, arguments) -> {
            arguments.bind("lower");
            return text.toLowerCase(Locale.ROOT);
        }));
        filters.put("capitalize", onText((text, _) -> StringMethods.capitalize(text)));
        filters.put("title", onText((text, _) -> title(text)));
        filters.put(
                "trim",
                onText((text, arguments) -> StringMethods.strip(
                        text, Arguments.or(arguments.bind("trim", "chars")[0], None.NONE), "strip")));
        filters.put("replace", TextFilters::replace);
        filters.put("center", TextFilters::center);
        filters.put("indent", TextFilters::indent);
        filters.put("truncate", TextFilters::truncate);
        filters.put("wordwrap", TextFilters::wordWrap);
        filters.put(
                "wordcount",
                Filters.plain(
                        "wordcount",
                        value -> WORD.matcher(Repr.str(value)).results().count()));
        filters.put("format", TextFilters::format);
    }

    /** Of the value's text; marked if the value was. */
    private static Filters.Filter onText(BiFunction<String, Arguments, String> body) {
        return (render, value, arguments) -> {
            String text = Repr.str(value);
            render.charge(text.length());
            String result = body.apply(text, arguments);
            return value instanceof Markup ? new Markup(result) : result;
        };
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        Matcher beginning = WORD_BEGINNING.matcher(text);
        int position = 0;
        while (beginning.find()) {
            word(out, text.substring(position, beginning.start()));
            out.append(beginning.group());
            position = beginning.end();
        }
        word(out, text.substring(position));
        return out.toString();
    }

    private static void word(StringBuilder out, String word) {
        if (!word.isEmpty()) {
            int first = word.offsetByCodePoints(0, 1);
            out.append(word.substring(0, first).toUpperCase(Locale.ROOT))
                    .append(word.substring(first).toLowerCase(Locale.ROOT));
        }
    }

    private static Object replace(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("replace", "old", "new", "count");
        Object count = Arguments.or(given[2], None.NONE);
        return StringMethods.replace(
                render,
                Repr.str(value),
                Repr.str(Arguments.required(given[0], "replace", "old")),
                Repr.str(Arguments.required(given[1], "replace", "new")),
                count == None.NONE ? -1 : Numbers.index(count));
    }

    private static Object center(Render render, Object value, Arguments arguments) {
        Object width = Arguments.or(arguments.bind("center", "width")[0], 80L);
        String centered = StringMethods.pad(render, Repr.str(value), Numbers.index(width), " ", "center");
        return value instanceof Markup ? new Markup(centered) : centered;
    }

    private static Object indent(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("indent", "width", "first", "blank");
        Undefined.refuse(value);
        if (!Types.isString(value)) {
            throw TemplateException.type("indent takes a string, not '" + Types.name(value) + "'");
        }
        Object width = Arguments.or(given[0], 4L);
        String indention = Types.isString(width)
                ? Types.text(width)
                : Operators.apply(render, TokenType.MUL, " ", width).toString();
        boolean blank = Types.truth(Arguments.or(given[2], false));
        List<String> lines = Text.lines(Types.text(value) + "\n", false);
        StringBuilder out = new StringBuilder();
        if (Types.truth(Arguments.or(given[1], false))) {
            out.append(indention);
        }
        for (int i = 0; i < lines.size(); i++) {
            if (i > 0) {
                out.append('\n').append(blank || !lines.get(i).isEmpty() ? indention : "");
            }
            render.charge((long) out.length() + lines.get(i).length() >> 6);
            out.append(lines.get(i));
        }
        render.charge(out.length());
        return value instanceof Markup ? new Markup(out.toString()) : out.toString();
    }

    private static Object truncate(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("truncate", "length", "killwords", "end", "leeway");
        String text = Types.text(value);
        String end = Types.text(Arguments.or(given[2], "..."));
        int length = Numbers.index(Arguments.or(given[0], 255L));
        Object leeway = Arguments.or(given[3], None.NONE);
        int slack = leeway == None.NONE ? 5 : Numbers.index(leeway);
        int endLength = Text.length(end);
        if (length < endLength || slack < 0) {
            throw TemplateException.value(
                    slack < 0
                            ? "expected leeway >= 0, got " + slack
                            : "expected length >= " + endLength + ", got " + length);
        }
        if (Text.length(text) <= (long) length + slack) {
            return value;
        }
        String kept = text.substring(0, Text.offset(text, length - endLength));
        if (!Types.truth(Arguments.or(given[1], false))) {
            int space = kept.lastIndexOf(' ');
            kept = space < 0 ? kept : kept.substring(0, space);
        }
        return kept + end;
    }

    private static Object wordWrap(Render render, Object value, Arguments arguments) {
        @Nullable
        Object[] given = arguments.bind("wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens");
        Object wrap = Arguments.or(given[2], None.NONE);
        String between = wrap == None.NONE ? "\n" : Types.text(wrap);
        WordWrap wrapper = new WordWrap(
                Numbers.index(Arguments.or(given[0], 79L)),
                Types.truth(Arguments.or(given[1], true)),
                Types.truth(Arguments.or(given[3], true)));
        List<String> lines = new ArrayList<>();
        for (String line : Text.lines(Types.text(value), false)) {
            render.charge(line.length());
            lines.add(String.join(between, wrapper.wrap(line)));
        }
        return String.join(between, lines);
    }

    private static Object format(Render render, Object value, Arguments arguments) {
        if (!arguments.named().isEmpty()) {
            if (!arguments.positional().isEmpty()) {
                throw TemplateException.type("can't handle positional and keyword arguments at the same time");
            }
            Dict named = new Dict();
            arguments.named().forEach(named::put);
            return Operators.apply(render, TokenType.MOD, marked(value), named);
        }
        return Operators.apply(render, TokenType.MOD, marked(value), Tuple.of(arguments.positional()));
    }

    private static Object marked(Object value) {
        return value instanceof Markup ? value : Repr.str(value);
    }
}
