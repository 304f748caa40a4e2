package org.kvant.grammar;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A place in a text: the stacks that are possible there, and the beginning of a character whose bytes aren't complete. Immutable; belongs to one
 * {@link StackTable}.
 *
 * @param stacks none if the text doesn't follow the grammar
 * @param partial bits of the incomplete character
 * @param missing bytes that it lacks; 0 if characters are complete
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Reading(Stack[] stacks, int partial, int missing) {
    private static final Stack[] NONE = {};
    private static final Reading IMPOSSIBLE = new Reading(NONE, 0, 0);

    boolean possible() {
        return stacks.length > 0;
    }

    boolean mayEnd() {
        if (missing == 0) {
            for (Stack stack : stacks) {
                if (stack == StackTable.DONE) {
                    return true;
                }
            }
        }
        return false;
    }

    /** After one more byte; impossible if no character that begins so can stand here. */
    Reading after(byte next, Grammar grammar, StackTable table) throws GrammarException {
        int b = next & 0xFF;
        if (missing > 0) {
            if ((b & 0xC0) != 0x80 || (missing > 1 && outsideUnicode(b))) {
                return IMPOSSIBLE;
            }
            return begun(partial << 6 | (b & 0x3F), missing - 1, grammar, table);
        }
        if (b < 0x80) {
            return begun(b, 0, grammar, table);
        }
        if (b < 0xC2 || b > 0xF4) {
            return IMPOSSIBLE;
        }
        return b < 0xE0
                ? begun(b & 0x1F, 1, grammar, table)
                : b < 0xF0 ? begun(b & 0x0F, 2, grammar, table) : begun(b & 0x07, 3, grammar, table);
    }

    /** Whether this second byte would make a longer form than needed, half a surrogate pair, or more than Unicode has. */
    private boolean outsideUnicode(int second) {
        return switch (missing) {
            case 2 -> (partial == 0 && second < 0xA0) || (partial == 0x0D && second >= 0xA0);
            case 3 -> (partial == 0 && second < 0x90) || (partial == 4 && second >= 0x90);
            default -> false;
        };
    }

    private Reading begun(int bits, int more, Grammar grammar, StackTable table) throws GrammarException {
        if (more == 0) {
            return after(bits, grammar, table);
        }
        // A first byte of only zeros begins the characters that a shorter form doesn't reach.
        int shortest = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
        int low = Math.max(bits == 0 ? shortest : 0, bits << 6 * more);
        int high = bits << 6 * more | (1 << 6 * more) - 1;
        for (Stack stack : stacks) {
            if (takesText(stack, grammar) && grammar.matchesAny(stack.element, low, high)) {
                return new Reading(stacks, bits, more);
            }
        }
        return IMPOSSIBLE;
    }

    private Reading after(int codePoint, Grammar grammar, StackTable table) throws GrammarException {
        Stack[] first = NONE;
        Set<Stack> all = Set.of();
        for (Stack stack : stacks) {
            if (!takesText(stack, grammar) || !grammar.matches(stack.element, codePoint)) {
                continue;
            }
            Stack[] next = table.next(stack);
            if (first.length == 0) {
                first = next;
                continue;
            }
            if (all.isEmpty()) {
                all = new LinkedHashSet<>(Set.of(first));
            }
            all.addAll(Set.of(next));
            StackTable.requireFew(all);
        }
        return new Reading(all.isEmpty() ? first : all.toArray(Stack[]::new), 0, 0);
    }

    /** After a token that the grammar names as such. */
    Reading afterToken(int token, Grammar grammar, StackTable table) throws GrammarException {
        Set<Stack> all = new LinkedHashSet<>();
        for (Stack stack : stacks) {
            if (stack == StackTable.DONE || missing > 0) {
                continue;
            }
            byte type = grammar.type(stack.element);
            boolean same = grammar.value(stack.element) == token;
            if ((type == Grammar.TOKEN && same) || (type == Grammar.TOKEN_NOT && !same)) {
                all.addAll(Set.of(table.next(stack)));
                StackTable.requireFew(all);
            }
        }
        return new Reading(all.toArray(Stack[]::new), 0, 0);
    }

    private static boolean takesText(Stack stack, Grammar grammar) {
        return stack != StackTable.DONE && grammar.type(stack.element) < Grammar.TOKEN;
    }
}
