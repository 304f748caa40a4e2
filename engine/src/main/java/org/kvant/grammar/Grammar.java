package org.kvant.grammar;

import java.util.function.ToIntFunction;

/**
 * A parsed grammar in GBNF (llama.cpp's {@code grammars/README.md}): all rules' elements one after the other, as in llama.cpp's
 * {@code llama-grammar.cpp}. Immutable.
 */
public final class Grammar {
    /** Longest text of a grammar, in characters. */
    public static final int MAX_LENGTH = 1 << 17;
    /** Deepest nesting of parentheses. */
    public static final int MAX_DEPTH = 64;

    static final byte END = 0;
    static final byte ALTERNATIVE = 1;
    static final byte RULE = 2;
    static final byte CHAR = 3;
    static final byte CHAR_NOT = 4;
    static final byte RANGE_TO = 5;
    static final byte CHAR_OR = 6;
    static final byte ANY = 7;
    static final byte TOKEN = 8;
    static final byte TOKEN_NOT = 9;

    private final byte[] types;
    private final int[] values;
    private final int[] starts;
    private final int root;

    /**
     * @param types of all elements; each rule is alternatives of elements with {@link #ALTERNATIVE} between them and {@link #END} after the last
     * @param values of the elements: a code point, a rule or a token
     * @param starts where each rule begins
     * @param root number of the rule that a text begins with
     */
    Grammar(byte[] types, int[] values, int[] starts, int root) {
        this.types = types;
        this.values = values;
        this.starts = starts;
        this.root = root;
    }

    /**
     * Reads a grammar.
     *
     * @param tokens the token for a text such as {@code <think>}, -1 if that isn't one token
     * @param vocabulary number of tokens
     * @throws GrammarException naming line and column of what is wrong
     */
    public static Grammar parse(String text, ToIntFunction<String> tokens, int vocabulary) throws GrammarException {
        return new GrammarParser(text, tokens, vocabulary).parse();
    }

    byte type(int element) {
        return types[element];
    }

    int value(int element) {
        return values[element];
    }

    int start(int rule) {
        return starts[rule];
    }

    int rules() {
        return starts.length;
    }

    int root() {
        return root;
    }

    /** Whether an alternative ends here. */
    boolean ends(int element) {
        return types[element] <= ALTERNATIVE;
    }

    /** The element after the character class or token that begins at {@code element}. */
    int after(int element) {
        int next = element + 1;
        while (types[next] == CHAR_OR || types[next] == RANGE_TO) {
            next++;
        }
        return next;
    }

    /** Whether the character class at {@code element} has this code point. */
    boolean matches(int element, int codePoint) {
        return types[element] == ANY || touches(element, codePoint, codePoint) == (types[element] == CHAR);
    }

    /** Whether the class at {@code element} has any code point of a range. */
    boolean matchesAny(int element, int low, int high) {
        if (types[element] == ANY) {
            return true;
        }
        // As llama.cpp: a negated class that lists any of them admits none.
        return touches(element, low, high) == (types[element] == CHAR);
    }

    private boolean touches(int element, int low, int high) {
        int at = element;
        do {
            int from = values[at];
            int to = from;
            if (types[at + 1] == RANGE_TO) {
                to = values[++at];
            }
            if (from <= high && low <= to) {
                return true;
            }
            at++;
        } while (types[at] == CHAR_OR);
        return false;
    }
}
