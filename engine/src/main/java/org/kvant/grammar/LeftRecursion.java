package org.kvant.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Finds rules that can come back to themselves without taking a character: following them would never end. */
final class LeftRecursion {
    private LeftRecursion() {}

    static void refuse(Grammar grammar, List<String> names) throws GrammarException {
        boolean[] nullable = nullable(grammar);
        List<List<Integer>> left = new ArrayList<>();
        int[] incoming = new int[grammar.rules()];
        for (int rule = 0; rule < grammar.rules(); rule++) {
            List<Integer> targets = leftmost(grammar, rule, nullable);
            left.add(targets);
            targets.forEach(target -> incoming[target]++);
        }
        // Takes away rules that no other begins with; what can't be taken away lies on or behind a cycle.
        ArrayDeque<Integer> free = new ArrayDeque<>();
        for (int rule = 0; rule < incoming.length; rule++) {
            if (incoming[rule] == 0) {
                free.add(rule);
            }
        }
        int taken = 0;
        while (!free.isEmpty()) {
            int rule = free.poll();
            taken++;
            for (int target : left.get(rule)) {
                if (--incoming[target] == 0) {
                    free.add(target);
                }
            }
        }
        if (taken < incoming.length) {
            int rule = 0;
            while (incoming[rule] == 0) {
                rule++;
            }
            throw new GrammarException(
                    "The grammar's rule '" + names.get(rule)
                            + "' is left-recursive: it can begin with itself. Put what comes first in front, as in list ::= item (\",\" item)*.");
        }
    }

    /** Rules that can be at the very beginning of {@code rule}. */
    private static List<Integer> leftmost(Grammar grammar, int rule, boolean[] nullable) {
        List<Integer> targets = new ArrayList<>();
        boolean atBeginning = true;
        for (int element = grammar.start(rule); grammar.type(element) != Grammar.END; element++) {
            if (grammar.type(element) == Grammar.ALTERNATIVE) {
                atBeginning = true;
            } else if (atBeginning && grammar.type(element) == Grammar.RULE) {
                targets.add(grammar.value(element));
                atBeginning = nullable[grammar.value(element)];
            } else {
                atBeginning = false;
            }
        }
        return targets;
    }

    /** Rules that can be empty: marks them until nothing changes. */
    private static boolean[] nullable(Grammar grammar) {
        boolean[] nullable = new boolean[grammar.rules()];
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int rule = grammar.rules() - 1; rule >= 0; rule--) {
                if (!nullable[rule] && canBeEmpty(grammar, rule, nullable)) {
                    nullable[rule] = true;
                    changed = true;
                }
            }
        }
        return nullable;
    }

    private static boolean canBeEmpty(Grammar grammar, int rule, boolean[] nullable) {
        boolean empty = true;
        int element = grammar.start(rule);
        while (true) {
            byte type = grammar.type(element);
            if (grammar.ends(element)) {
                if (empty || type == Grammar.END) {
                    return empty;
                }
                empty = true;
            } else {
                empty &= type == Grammar.RULE && nullable[grammar.value(element)];
            }
            element++;
        }
    }
}
