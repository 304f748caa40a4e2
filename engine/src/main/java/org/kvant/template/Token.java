package org.kvant.template;

/**
 * One token.
 *
 * @param value text of data, names and strings; the number of integers and floats; otherwise the source
 * @param line from 1
 * @param start where it begins in the source
 */
record Token(TokenType type, Object value, int line, int start) {
    boolean is(String name) {
        return type == TokenType.NAME && value.equals(name);
    }

    String describe() {
        return type == TokenType.NAME || type == TokenType.STRING ? value.toString() : type.text();
    }
}
