package org.kvant.template;

import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code value.name} and {@code value[key]}: jinja2's {@code getattr} and {@code getitem} in the immutable sandbox. */
final class Attributes {
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Attributes() {}

    /** Members first, then keys. */
    static Object attribute(Object owner, String name) {
        Undefined.refuse(owner);
        Object member = member(owner, name);
        if (member != null) {
            return member;
        }
        Object entry = owner instanceof Dict dict ? dict.get(name) : null;
        return entry == null ? Undefined.member(owner, name) : entry;
    }

    /** Members, and no keys. */
    static Object memberOnly(Object owner, String name) {
        Undefined.refuse(owner);
        Object member = member(owner, name);
        return member == null ? Undefined.member(owner, name) : member;
    }

    /** Keys and indices first, then members. */
    static Object item(Object owner, Object key) {
        Undefined.refuse(owner);
        Object entry = entry(owner, key);
        if (entry == null && Types.isString(key)) {
            entry = member(owner, Types.text(key));
        }
        return entry == null ? Undefined.member(owner, key) : entry;
    }

    private static @Nullable Object entry(Object owner, Object key) {
        if (owner instanceof Dict dict) {
            try {
                return dict.get(key);
            } catch (TemplateException e) {
                return null;
            }
        }
        if (!Sequences.indexable(owner) || !Types.isInteger(key)) {
            return null;
        }
        long length = Sequences.length(owner);
        long index = Numbers.index(key);
        long at = index < 0 ? index + length : index;
        return at < 0 || at >= length ? null : Sequences.at(owner, (int) at);
    }

    /** A member of Python's type, a function if it is a method; null if there is none. */
    private static @Nullable Object member(Object owner, String name) {
        if (name.startsWith("__") && name.endsWith("__") && name.length() > 4) {
            return Undefined.unsafe(owner, name);
        }
        return switch (owner) {
            case String text -> StringMethods.has(name) ? new BuiltIn(name, StringMethods.bound(text, name)) : null;
            case Markup markup -> StringMethods.has(name) ? new BuiltIn(name, MarkupMethods.bound(markup, name)) : null;
            case Dict dict ->
                DICT_CHANGES.contains(name)
                        ? Undefined.unsafe(dict, name)
                        : DictMethods.has(name) ? new BuiltIn(name, DictMethods.bound(dict, name)) : null;
            case List<?> list ->
                LIST_CHANGES.contains(name)
                        ? Undefined.unsafe(list, name)
                        : ListMethods.member(Sequences.items(list), name, false);
            case Tuple tuple -> tupleMember(tuple, name);
            case Namespace namespace -> namespace.attributes().get(name);
            case Loop loop -> loop.member(name);
            case Macro macro -> macroMember(macro, name);
            case Cycler cycler -> cycler.member(name);
            case Range range ->
                switch (name) {
                    case "start" -> range.start();
                    case "stop" -> range.stop();
                    case "step" -> range.step();
                    default -> null;
                };
            case Long l -> integerMember(l, name);
            case Boolean b -> integerMember(b, name);
            case BigInteger big -> integerMember(big, name);
            case Double d ->
                switch (name) {
                    case "real" -> d;
                    case "imag" -> 0.0;
                    case "is_integer" -> method(name, d == Math.rint(d) && !Double.isInfinite(d));
                    default -> null;
                };
            default -> null;
        };
    }

    private static @Nullable Object tupleMember(Tuple tuple, String name) {
        if (tuple.group() && name.equals("grouper")) {
            return tuple.items().get(0);
        }
        if (tuple.group() && name.equals("list")) {
            return tuple.items().get(1);
        }
        return ListMethods.member(tuple.items(), name, true);
    }

    private static @Nullable Object macroMember(Macro macro, String name) {
        return switch (name) {
            case "name" -> macro.code().name();
            case "arguments" -> Tuple.of(List.copyOf(macro.code().parameters()));
            case "catch_kwargs" -> macro.code().usesKwargs();
            case "catch_varargs" -> macro.code().usesVarargs();
            case "caller" -> macro.code().usesCaller();
            default -> null;
        };
    }

    private static @Nullable Object integerMember(Object value, String name) {
        return switch (name) {
            case "real", "numerator" -> Numbers.normal(Numbers.big(value));
            case "imag" -> 0L;
            case "denominator" -> 1L;
            case "bit_length" -> method(name, (long) Numbers.big(value).abs().bitLength());
            case "bit_count" -> method(name, (long) Numbers.big(value).abs().bitCount());
            default -> null;
        };
    }

    private static BuiltIn method(String name, Object result) {
        return new BuiltIn(name, (_, arguments) -> {
            arguments.positional(name, 0, 0);
            return result;
        });
    }
}
