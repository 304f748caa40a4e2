package org.kvant.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One text that follows a grammar, token by token. Not thread-safe. */
public final class GrammarState {
    /** Sets of allowed tokens that are kept: within strings and the like the same ones come again and again. */
    private static final int KEPT = 32;

    private final Grammar grammar;
    private final TokenTexts texts;
    private final StackTable table;
    private final Map<Object, BitSet> masks = new LinkedHashMap<>(KEPT, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, BitSet> eldest) {
            return size() > KEPT;
        }
    };
    private Reading reading;

    /** @throws GrammarException if the grammar is too ambiguous from the beginning */
    public GrammarState(Grammar grammar, TokenTexts texts) throws GrammarException {
        this.grammar = grammar;
        this.texts = texts;
        table = new StackTable(grammar);
        reading = new Reading(table.initial(), 0, 0);
    }

    /** Whether the text may end here. */
    public boolean mayEnd() {
        return reading.mayEnd();
    }

    /** Whether {@code token} can come next. Tokens without text, or with a NUL first, never can. */
    public boolean allows(int token) throws GrammarException {
        return texts.ends(token) ? mayEnd() : after(token).possible();
    }

    /** All tokens that can come next; empty if none can. Not to be changed. */
    public BitSet allowed() throws GrammarException {
        Object key = List.of(Set.of(reading.stacks()), reading.partial(), reading.missing());
        BitSet known = masks.get(key);
        if (known == null) {
            known = compute();
            masks.put(key, known);
        }
        return known;
    }

    /**
     * Goes on behind {@code token}.
     *
     * @throws IllegalArgumentException if it can't come next
     */
    public void accept(int token) throws GrammarException {
        if (texts.ends(token)) {
            if (!mayEnd()) {
                throw new IllegalArgumentException("the grammar doesn't let the text end here");
            }
            return;
        }
        Reading next = after(token);
        if (!next.possible()) {
            throw new IllegalArgumentException("the grammar doesn't allow token " + token + " here");
        }
        reading = next;
    }

    private Reading after(int token) throws GrammarException {
        byte[] bytes = texts.bytes(token);
        if (bytes.length == 0 || bytes[0] == 0) {
            return new Reading(new Stack[0], 0, 0);
        }
        Reading named = reading.afterToken(token, grammar, table);
        Reading spelt = reading;
        for (int i = 0; i < bytes.length && spelt.possible(); i++) {
            spelt = spelt.after(bytes[i], grammar, table);
        }
        if (!named.possible()) {
            return spelt;
        }
        if (!spelt.possible() || spelt.missing() > 0) {
            return named;
        }
        Set<Stack> both = new LinkedHashSet<>(Arrays.asList(named.stacks()));
        both.addAll(Arrays.asList(spelt.stacks()));
        StackTable.requireFew(both);
        return new Reading(both.toArray(Stack[]::new), 0, 0);
    }

    private BitSet compute() throws GrammarException {
        BitSet allowed = new BitSet(texts.size());
        boolean end = mayEnd();
        boolean names = namesTokens();
        TokenTrie trie = texts.trie();
        // What is possible after each number of bytes of the token before; its beginning is often this one's.
        Reading[] path = new Reading[16];
        path[0] = reading;
        int known = 0;
        for (int i = 0; i < trie.size(); i++) {
            int token = trie.token(i);
            byte[] bytes = texts.bytes(token);
            known = Math.min(known, trie.shared(i));
            if (texts.ends(token)) {
                allowed.set(token, end);
                continue;
            }
            if (bytes.length == 0 || bytes[0] == 0) {
                continue;
            }
            if (path.length <= bytes.length) {
                path = Arrays.copyOf(path, 2 * bytes.length);
            }
            while (known < bytes.length && path[known].possible()) {
                path[known + 1] = path[known].after(bytes[known], grammar, table);
                known++;
            }
            boolean possible = known == bytes.length && path[known].possible();
            allowed.set(
                    token,
                    possible
                            || (names
                                    && reading.afterToken(token, grammar, table).possible()));
        }
        return allowed;
    }

    private boolean namesTokens() {
        for (Stack stack : reading.stacks()) {
            if (stack != StackTable.DONE && grammar.type(stack.element) >= Grammar.TOKEN) {
                return true;
            }
        }
        return false;
    }
}
