package org.kvant.cli.inspect;

import java.util.Locale;
import org.kvant.cli.terminal.Terminal;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Printable;

/** Metadata values on one line of a terminal. */
final class ValueText {
    /** Up to here how many characters are cut is no news. */
    private static final int SHORT = 100;

    /** More of a value than any terminal shows need not be decoded. */
    private static final int ENOUGH = 2_000;

    private ValueText() {}

    /** The type's name, such as {@code u32} or {@code [str]}. */
    static String type(MetaValue value) {
        return value instanceof MetaArray array
                ? "[" + array.elementType().ggufName() + "]"
                : value.type().ggufName();
    }

    /** The value, cut to the columns; what is cut says how much there is. */
    static String of(MetaValue value, Terminal terminal, int columns) {
        return switch (value) {
            case MetaArray array -> array(array, terminal, columns);
            case MetaValue.Str str -> string(str.value(), terminal, columns);
            default -> terminal.fit(scalar(value), columns);
        };
    }

    private static String string(String text, Terminal terminal, int columns) {
        String line = printable(text.length() > ENOUGH ? text.substring(0, ENOUGH) : text, terminal);
        if (text.length() <= ENOUGH && Terminal.columnsOf(line) <= columns) {
            return line;
        }
        if (text.length() <= SHORT) {
            return terminal.fit(line, columns);
        }
        String size = String.format(Locale.ROOT, " (%,d characters)", text.codePointCount(0, text.length()));
        return terminal.fit(
                        line,
                        Math.max(columns - size.length(), terminal.ellipsis().length()))
                + size;
    }

    private static String array(MetaArray array, Terminal terminal, int columns) {
        String rest = terminal.ellipsis() + String.format(Locale.ROOT, " of %,d]", array.size());
        StringBuilder shown = new StringBuilder("[");
        int used = 1;
        for (int i = 0; i < array.size(); i++) {
            String separator = i == 0 ? "" : ", ";
            String element = separator + element(array.get(i), terminal);
            int after = i == array.size() - 1 ? 1 : 2 + rest.length();
            if (used + Terminal.columnsOf(element) + after > columns) {
                // Of a first element that is too long, its beginning still says something.
                int room = i == 0 ? columns - 3 - rest.length() : 0;
                return room < 8
                        ? shown.append(separator).append(rest).toString()
                        : shown.append(terminal.fit(element, room))
                                .append(", ")
                                .append(rest)
                                .toString();
            }
            shown.append(element);
            used += Terminal.columnsOf(element);
        }
        return shown.append(']').toString();
    }

    private static String element(MetaValue value, Terminal terminal) {
        String text = scalar(value);
        return value instanceof MetaValue.Str
                ? '"' + printable(text.length() > ENOUGH ? text.substring(0, ENOUGH) : text, terminal) + '"'
                : text;
    }

    private static String printable(String text, Terminal terminal) {
        String line = Printable.oneLine(text);
        if (terminal.unicode()) {
            return line;
        }
        StringBuilder ascii = new StringBuilder();
        line.chars()
                .forEach(unit ->
                        ascii.append(unit < 0x7F ? String.valueOf((char) unit) : String.format("\\u%04X", unit)));
        return ascii.toString();
    }

    /** The value alone, uncut; strings as they are. */
    private static String scalar(MetaValue value) {
        return switch (value) {
            case MetaValue.U8 v -> Integer.toString(v.value());
            case MetaValue.I8 v -> Byte.toString(v.value());
            case MetaValue.U16 v -> Integer.toString(v.value());
            case MetaValue.I16 v -> Short.toString(v.value());
            case MetaValue.U32 v -> Long.toString(v.value());
            case MetaValue.I32 v -> Integer.toString(v.value());
            case MetaValue.F32 v -> Float.toString(v.value());
            case MetaValue.Bool v -> Boolean.toString(v.value());
            case MetaValue.Str v -> v.value();
            case MetaValue.U64 v -> Long.toUnsignedString(v.bits());
            case MetaValue.I64 v -> Long.toString(v.value());
            case MetaValue.F64 v -> Double.toString(v.value());
            case MetaArray v -> v.toString();
        };
    }
}
