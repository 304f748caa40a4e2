package org.kvant.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/** Reads GBNF as {@code llama_grammar_parser} in llama.cpp's {@code llama-grammar.cpp} does, with bounds on everything that can grow. */
final class GrammarParser {
    /** llama.cpp's limit on repeated rules (MAX_REPETITION_THRESHOLD). */
    private static final int MAX_REPETITION = 2000;

    private static final int MAX_RULES = 10_000;
    private static final int MAX_ELEMENTS = 500_000;
    private static final int UNBOUNDED = -1;

    private final String text;
    private final ToIntFunction<String> tokens;
    private final int vocabulary;
    private final Map<String, Integer> names = new HashMap<>();
    private final List<String> rulesByNumber = new ArrayList<>();
    private final List<ElementList> rules = new ArrayList<>();
    private int at;
    private int depth;
    private int elements;

    GrammarParser(String text, ToIntFunction<String> tokens, int vocabulary) {
        this.text = text;
        this.tokens = tokens;
        this.vocabulary = vocabulary;
    }

    Grammar parse() throws GrammarException {
        if (text.length() > Grammar.MAX_LENGTH) {
            throw new GrammarException(
                    "The grammar has " + text.length() + " characters; at most " + Grammar.MAX_LENGTH + " are taken.");
        }
        space(true);
        while (at < text.length()) {
            rule();
        }
        Integer root = names.get("root");
        if (root == null) {
            throw new GrammarException("The grammar has no rule named 'root', which a text begins with.");
        }
        for (int i = 0; i < rulesByNumber.size(); i++) {
            if (i >= rules.size() || rules.get(i).size() == 0) {
                throw new GrammarException(
                        "The grammar uses the rule '" + rulesByNumber.get(i) + "' without defining it.");
            }
        }
        Grammar grammar = flatten(root);
        LeftRecursion.refuse(grammar, rulesByNumber);
        // Too ambiguous at the very beginning?
        Stack[] unused = new StackTable(grammar).initial();
        return grammar;
    }

    private Grammar flatten(int root) {
        int total = rules.stream().mapToInt(ElementList::size).sum();
        byte[] types = new byte[total + 1];
        int[] values = new int[total + 1];
        int[] starts = new int[rules.size()];
        int next = 0;
        for (int i = 0; i < starts.length; i++) {
            starts[i] = next;
            rules.get(i).copyTo(types, values, next);
            next += rules.get(i).size();
        }
        return new Grammar(types, values, starts, root);
    }

    private void rule() throws GrammarException {
        String name = name();
        space(false);
        int number = number(name);
        if (!text.startsWith("::=", at)) {
            throw expected("'::='");
        }
        at += 3;
        space(true);
        define(number, alternatives(name, false));
        if (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
            throw expected("the end of the line");
        }
        space(true);
    }

    private ElementList alternatives(String name, boolean nested) throws GrammarException {
        ElementList rule = new ElementList();
        sequence(name, rule, nested);
        while (peek() == '|') {
            add(rule, Grammar.ALTERNATIVE, 0);
            at++;
            space(true);
            sequence(name, rule, nested);
        }
        add(rule, Grammar.END, 0);
        return rule;
    }

    private void sequence(String name, ElementList rule, boolean nested) throws GrammarException {
        int last = rule.size();
        long rulesInLast = 1;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                last = rule.size();
                rulesInLast = 1;
                literal(rule);
            } else if (c == '[') {
                last = rule.size();
                rulesInLast = 1;
                characterClass(rule);
            } else if (c == '<' || c == '!') {
                last = rule.size();
                rulesInLast = 1;
                token(rule);
            } else if (wordCharacter(c)) {
                last = rule.size();
                rulesInLast = 1;
                add(rule, Grammar.RULE, number(name()));
            } else if (c == '(') {
                last = rule.size();
                int before = rulesByNumber.size();
                group(name, rule);
                rulesInLast = Math.max(1, rulesByNumber.size() - before);
            } else if (c == '.') {
                last = rule.size();
                rulesInLast = 1;
                at++;
                add(rule, Grammar.ANY, 0);
            } else if (c == '*' || c == '+' || c == '?' || c == '{') {
                rulesInLast = repetition(name, rule, last, rulesInLast, nested);
            } else {
                return;
            }
            space(nested);
        }
    }

    private void group(String name, ElementList rule) throws GrammarException {
        if (++depth > Grammar.MAX_DEPTH) {
            throw new GrammarException("The grammar's parentheses are nested more than " + Grammar.MAX_DEPTH + " deep"
                    + place() + "; use rules.");
        }
        at++;
        space(true);
        int number = fresh(name);
        define(number, alternatives(name, true));
        if (peek() != ')') {
            throw expected("')'");
        }
        at++;
        depth--;
        add(rule, Grammar.RULE, number);
    }

    private void literal(ElementList rule) throws GrammarException {
        at++;
        while (peek() != '"') {
            add(rule, Grammar.CHAR, character());
        }
        at++;
    }

    private void characterClass(ElementList rule) throws GrammarException {
        at++;
        byte type = Grammar.CHAR;
        if (peek() == '^') {
            at++;
            type = Grammar.CHAR_NOT;
        }
        if (peek() == ']') {
            // llama.cpp leaves the class out, which would match anything between its neighbours.
            throw new GrammarException("A character class of the grammar is empty" + place() + ".");
        }
        while (peek() != ']') {
            int from = character();
            add(rule, type, from);
            type = Grammar.CHAR_OR;
            if (peek() == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']') {
                at++;
                add(rule, Grammar.RANGE_TO, character());
            }
        }
        at++;
    }

    private void token(ElementList rule) throws GrammarException {
        byte type = Grammar.TOKEN;
        if (text.charAt(at) == '!') {
            type = Grammar.TOKEN_NOT;
            at++;
        }
        int end = text.indexOf('>', at);
        if (peek() != '<' || end < 0) {
            throw expected("a token as <[7]> or <text>");
        }
        String name = text.substring(at, end + 1);
        int token;
        if (name.startsWith("<[") && name.endsWith("]>")) {
            at += 2;
            token = integer();
        } else {
            token = tokens.applyAsInt(name);
        }
        if (token < 0 || token >= vocabulary) {
            throw new GrammarException("The grammar's " + shorten(name) + place() + " is not one token of this model.");
        }
        at = end + 1;
        add(rule, type, token);
    }

    /** Rewrites what stands before, as the comment in llama.cpp's {@code parse_sequence} says. */
    private long repetition(String name, ElementList rule, int last, long rulesInLast, boolean nested)
            throws GrammarException {
        if (last == rule.size()) {
            throw expected("something to repeat before '" + text.charAt(at) + "'");
        }
        int min = 0;
        int max = UNBOUNDED;
        char c = text.charAt(at++);
        if (c == '+') {
            min = 1;
        } else if (c == '?') {
            max = 1;
        } else if (c == '{') {
            space(nested);
            min = integer();
            max = min;
            space(nested);
            if (peek() == ',') {
                at++;
                space(nested);
                max = peek() == '}' ? UNBOUNDED : integer();
                space(nested);
            }
            if (peek() != '}') {
                throw expected("'}'");
            }
            at++;
        }
        if (max != UNBOUNDED && max < min) {
            throw new GrammarException(
                    "The grammar repeats something " + min + " to " + max + " times" + place() + ".");
        }
        long total = rulesInLast * Math.max(1, max > 0 ? max : min);
        if (min > MAX_REPETITION || max > MAX_REPETITION || total > MAX_REPETITION) {
            throw new GrammarException("The grammar repeats too much" + place()
                    + ": repetitions times the rules in them must be at most " + MAX_REPETITION + ".");
        }
        ElementList repeated = rule.cut(last);
        for (int i = 0; i < min; i++) {
            append(rule, repeated);
        }
        int previous = -1;
        int optional = max == UNBOUNDED ? 1 : max - min;
        for (int i = 0; i < optional; i++) {
            int number = fresh(name);
            ElementList more = new ElementList();
            append(more, repeated);
            if (max == UNBOUNDED) {
                add(more, Grammar.RULE, number);
            } else if (previous >= 0) {
                add(more, Grammar.RULE, previous);
            }
            add(more, Grammar.ALTERNATIVE, 0);
            add(more, Grammar.END, 0);
            define(number, more);
            previous = number;
        }
        if (previous >= 0) {
            add(rule, Grammar.RULE, previous);
        }
        return total;
    }

    private int character() throws GrammarException {
        if (at >= text.length()) {
            throw new GrammarException("The grammar ends inside a string or a character class.");
        }
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        if (c != '\\') {
            return c;
        }
        char escape = peek();
        at++;
        return switch (escape) {
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'n' -> '\n';
            case '\\', '"', '[', ']', '-' -> escape;
            default -> {
                at--;
                throw expected("an escape that exists, as \\n, \\\" or \\u00e9");
            }
        };
    }

    private int hex(int digits) throws GrammarException {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0 || peek() > 'f') {
                throw expected(digits + " hexadecimal digits");
            }
            value = value << 4 | digit;
            at++;
        }
        if (!Character.isValidCodePoint(value)) {
            throw new GrammarException("The grammar's escape" + place() + " is no Unicode character.");
        }
        return value;
    }

    private int integer() throws GrammarException {
        int from = at;
        while (Character.isDigit(peek()) && peek() <= '9') {
            at++;
        }
        if (at == from || at - from > 9) {
            at = from;
            throw expected("a number of up to nine digits");
        }
        return Integer.parseInt(text, from, at, 10);
    }

    private String name() throws GrammarException {
        int from = at;
        while (at < text.length() && wordCharacter(text.charAt(at))) {
            at++;
        }
        if (at == from) {
            throw expected("the name of a rule");
        }
        return text.substring(from, at);
    }

    /** Skips blanks and comments. */
    private void space(boolean lines) {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                while (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
                at++;
            } else {
                return;
            }
        }
    }

    private char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    private int number(String name) throws GrammarException {
        Integer known = names.get(name);
        if (known != null) {
            return known;
        }
        int number = fresh(name);
        names.put(name, number);
        return number;
    }

    private int fresh(String name) throws GrammarException {
        if (rulesByNumber.size() >= MAX_RULES) {
            throw new GrammarException(
                    "The grammar has more than " + MAX_RULES + " rules, those of repetitions included.");
        }
        rulesByNumber.add(name);
        return rulesByNumber.size() - 1;
    }

    private void define(int number, ElementList rule) {
        while (rules.size() <= number) {
            rules.add(new ElementList());
        }
        rules.set(number, rule);
    }

    private void append(ElementList rule, ElementList more) throws GrammarException {
        for (int i = 0; i < more.size(); i++) {
            add(rule, more.type(i), more.value(i));
        }
    }

    private void add(ElementList rule, byte type, int value) throws GrammarException {
        if (++elements > MAX_ELEMENTS) {
            throw new GrammarException("The grammar is too large" + place()
                    + ": with its repetitions written out it has more than " + MAX_ELEMENTS + " elements.");
        }
        rule.add(type, value);
    }

    private GrammarException expected(String what) {
        String found = at >= text.length()
                ? "it ends"
                : "'" + shorten(text.substring(at, Math.min(text.length(), at + 20))) + "' stands there";
        return new GrammarException("The grammar needs " + what + place() + ", but " + found + ".");
    }

    private String place() {
        int line = 1;
        int begin = 0;
        for (int i = 0; i < Math.min(at, text.length()); i++) {
            if (text.charAt(i) == '\n') {
                line++;
                begin = i + 1;
            }
        }
        return " at line " + line + ", column " + (at - begin + 1);
    }

    private static String shorten(String s) {
        String oneLine = s.lines().findFirst().orElse("");
        return oneLine.length() <= 40 ? oneLine : oneLine.substring(0, 40) + "…";
    }

    private static boolean wordCharacter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9');
    }
}
