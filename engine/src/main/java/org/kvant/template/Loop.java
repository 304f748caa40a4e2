package org.kvant.template;

import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The {@code loop} of a for block, which looks one item ahead only when asked to. */
final class Loop implements Callable {
    private final Object items;
    private final int depth0;
    private final @Nullable Function<Object, String> recursion;
    private Iterator<Object> iterator;
    private @Nullable Object before;
    private @Nullable Object current;
    private @Nullable Object after;
    private @Nullable Object lastChanged;
    private long index0 = -1;
    private long length = -1;

    /**
     * @param items what {@code iterator} goes through
     * @param recursion renders the loop for other items; null if it isn't recursive
     */
    Loop(Object items, Iterator<Object> iterator, int depth0, @Nullable Function<Object, String> recursion) {
        this.items = items;
        this.iterator = iterator;
        this.depth0 = depth0;
        this.recursion = recursion;
    }

    /** The next item; null at the end. */
    @Nullable
    Object advance() {
        Object next = peek();
        if (next != null) {
            after = null;
            index0++;
            before = current;
            current = next;
        }
        return next;
    }

    private @Nullable Object peek() {
        if (after == null && iterator.hasNext()) {
            after = iterator.next();
        }
        return after;
    }

    long index() {
        return index0 + 1;
    }

    int depth0() {
        return depth0;
    }

    long length() {
        if (length < 0) {
            if (items instanceof Generator) {
                List<Object> rest = Sequences.list(new Generator(iterator));
                iterator = rest.iterator();
                length = rest.size() + index() + (after == null ? 0 : 1);
            } else {
                length = Sequences.length(items);
            }
        }
        return length;
    }

    /** A member; null if there is none of that name. */
    @Nullable
    Object member(String name) {
        return switch (name) {
            case "index" -> index();
            case "index0" -> index0;
            case "revindex" -> length() - index0;
            case "revindex0" -> length() - index();
            case "first" -> index0 == 0;
            case "last" -> peek() == null;
            case "length" -> length();
            case "depth" -> (long) depth0 + 1;
            case "depth0" -> (long) depth0;
            case "previtem" -> before == null || index0 == 0 ? new Undefined("there is no previous item") : before;
            case "nextitem" -> {
                Object next = peek();
                yield next == null ? new Undefined("there is no next item") : next;
            }
            case "cycle" -> new BuiltIn("cycle", (_, arguments) -> cycle(arguments));
            case "changed" -> new BuiltIn("changed", (_, arguments) -> changed(arguments));
            default -> null;
        };
    }

    private Object cycle(Arguments arguments) {
        List<Object> values = arguments.positional();
        if (values.isEmpty()) {
            throw TemplateException.type("no items for cycling given");
        }
        return values.get((int) (index0 % values.size()));
    }

    private Object changed(Arguments arguments) {
        Tuple value = Tuple.of(arguments.positional());
        if (lastChanged != null && Comparison.equal(lastChanged, value)) {
            return false;
        }
        lastChanged = value;
        return true;
    }

    /** {@code loop(items)} in a recursive loop. */
    @Override
    public Object call(Render render, Arguments arguments) {
        if (recursion == null) {
            throw TemplateException.type("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.apply(arguments.positional("loop", 1, 1)[0]);
    }
}
