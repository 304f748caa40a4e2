package org.kvant.grammar;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All stacks met so far while following one grammar, each once. Not thread-safe. */
final class StackTable {
    /** The end of the text: nothing is left to match. */
    static final Stack DONE = new Stack(-1, null);

    /** Ways to read one text at the same time; each step looks at all of them. */
    private static final int MAX_STACKS = 2_000;

    private static final int MAX_STEPS = 20_000;

    /** Then the table begins anew: stacks in use stay, only their twins are no longer found. */
    private static final int FORGET_AT = 100_000;

    private final Grammar grammar;
    private final Map<Stack, Stack> known = new HashMap<>();

    StackTable(Grammar grammar) {
        this.grammar = grammar;
    }

    /** Where a text can begin. */
    Stack[] initial() throws GrammarException {
        Set<Stack> found = new LinkedHashSet<>();
        expandAlternatives(grammar.start(grammar.root()), null, found);
        return found.toArray(Stack[]::new);
    }

    /** Where the text can go on once the top of {@code stack} is matched. */
    Stack[] next(Stack stack) throws GrammarException {
        Stack[] next = stack.next;
        if (next == null) {
            Set<Stack> found = new LinkedHashSet<>();
            int after = grammar.after(stack.element);
            expand(grammar.ends(after) ? below(stack.below) : push(after, stack.below), found);
            next = found.toArray(Stack[]::new);
            stack.next = next;
        }
        return next;
    }

    static void requireFew(Set<Stack> stacks) throws GrammarException {
        if (stacks.size() > MAX_STACKS) {
            throw tooAmbiguous();
        }
    }

    private static GrammarException tooAmbiguous() {
        return new GrammarException("The grammar is too ambiguous: the same text can be read in more than " + MAX_STACKS
                + " ways at once.");
    }

    private void expandAlternatives(int start, @Nullable Stack below, Set<Stack> found) throws GrammarException {
        ArrayDeque<Stack> todo = new ArrayDeque<>();
        pushAlternatives(start, below, todo);
        expand(todo, found);
    }

    private void expand(Stack stack, Set<Stack> found) throws GrammarException {
        ArrayDeque<Stack> todo = new ArrayDeque<>();
        todo.push(stack);
        expand(todo, found);
    }

    /** Replaces rules on top by what they stand for, until each stack has a character class or token on top. */
    private void expand(ArrayDeque<Stack> todo, Set<Stack> found) throws GrammarException {
        Set<Stack> seen = new LinkedHashSet<>();
        while (!todo.isEmpty()) {
            Stack stack = todo.pop();
            if (!seen.add(stack)) {
                continue;
            }
            if (seen.size() > MAX_STEPS) {
                throw tooAmbiguous();
            }
            if (stack == DONE || grammar.type(stack.element) != Grammar.RULE) {
                found.add(stack);
                requireFew(found);
                continue;
            }
            int rest = stack.element + 1;
            Stack below = grammar.ends(rest) ? stack.below : push(rest, stack.below);
            pushAlternatives(grammar.start(grammar.value(stack.element)), below, todo);
        }
    }

    private void pushAlternatives(int start, @Nullable Stack below, ArrayDeque<Stack> todo) {
        int element = start;
        while (true) {
            todo.push(grammar.ends(element) ? below(below) : push(element, below));
            while (!grammar.ends(element)) {
                element++;
            }
            if (grammar.type(element) == Grammar.END) {
                return;
            }
            element++;
        }
    }

    private static Stack below(@Nullable Stack below) {
        return below == null ? DONE : below;
    }

    private Stack push(int element, @Nullable Stack below) {
        if (known.size() > FORGET_AT) {
            known.clear();
        }
        Stack stack = new Stack(element, below);
        Stack twin = known.putIfAbsent(stack, stack);
        return twin == null ? stack : twin;
    }
}
