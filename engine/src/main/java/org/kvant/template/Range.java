package org.kvant.template;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** Python's range. */
record Range(long start, long stop, long step) {
    /** jinja2's sandbox draws the line here. */
    static final long LONGEST = 100_000;

    static Range of(Arguments arguments) {
        Object[] given = arguments.positional("range", 1, 3);
        long first = Numbers.index(given[0]);
        Range range = switch (given.length) {
            case 1 -> new Range(0, first, 1);
            case 2 -> new Range(first, Numbers.index(given[1]), 1);
            default -> new Range(first, Numbers.index(given[1]), Numbers.index(given[2]));
        };
        if (range.step == 0) {
            throw TemplateException.value("range() arg 3 must not be zero");
        }
        if (range.size() > LONGEST) {
            throw TemplateException.value(
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + LONGEST + ").");
        }
        return range;
    }

    long size() {
        if (step > 0) {
            return start >= stop ? 0 : Math.floorDiv(Math.subtractExact(stop, start) - 1, step) + 1;
        }
        return start <= stop ? 0 : Math.floorDiv(Math.subtractExact(start, stop) - 1, -step) + 1;
    }

    long get(long index) {
        return start + index * step;
    }

    Iterator<Object> iterator() {
        return new Iterator<>() {
            private long next;

            @Override
            public boolean hasNext() {
                return next < size();
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return get(next++);
            }
        };
    }
}
