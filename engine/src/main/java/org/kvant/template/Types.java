package org.kvant.template;

import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Names and truth of values. */
final class Types {
    private Types() {}

    /** Python's name for the type. */
    static String name(Object value) {
        return switch (value) {
            case String _ -> "str";
            case Boolean _ -> "bool";
            case Long _ -> "int";
            case BigInteger _ -> "int";
            case Double _ -> "float";
            case None _ -> "NoneType";
            case List<?> _ -> "list";
            case Tuple _ -> "tuple";
            case Dict _ -> "dict";
            case Markup _ -> "Markup";
            case Undefined _ -> "Undefined";
            case Range _ -> "range";
            case Generator _ -> "generator";
            case DictView view -> view.typeName();
            case Namespace _ -> "Namespace";
            case Macro _ -> "Macro";
            case Loop _ -> "LoopContext";
            case BuiltIn _ -> "builtin_function_or_method";
            default -> value.getClass().getSimpleName();
        };
    }

    static boolean truth(Object value) {
        return switch (value) {
            case Boolean b -> b;
            case String text -> !text.isEmpty();
            case None _ -> false;
            case Undefined _ -> false;
            case Long l -> l != 0;
            case Double d -> d != 0;
            case List<?> list -> !list.isEmpty();
            case Tuple tuple -> !tuple.items().isEmpty();
            case Dict dict -> dict.size() > 0;
            case DictView view -> view.dict().size() > 0;
            case Markup markup -> !markup.text().isEmpty();
            case Range range -> range.size() > 0;
            default -> true;
        };
    }

    static boolean isString(@Nullable Object value) {
        return value instanceof String || value instanceof Markup;
    }

    /** Booleans are numbers too. */
    static boolean isNumber(@Nullable Object value) {
        return value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof BigInteger;
    }

    static boolean isInteger(@Nullable Object value) {
        return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
    }

    /** The text of a string. */
    static String text(Object value) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            default -> throw TemplateException.type("expected a string, but got '" + name(value) + "'");
        };
    }
}
