package org.kvant.template;

/** Kinds of tokens; the last ones are operators. */
enum TokenType {
    DATA("template text"),
    VARIABLE_BEGIN("{{"),
    VARIABLE_END("end of print statement"),
    BLOCK_BEGIN("{%"),
    BLOCK_END("end of statement block"),
    NAME("name"),
    STRING("string"),
    INTEGER("integer"),
    FLOAT("float"),
    EOF("end of template"),
    FLOORDIV("//"),
    POW("**"),
    EQ("=="),
    NE("!="),
    GTEQ(">="),
    LTEQ("<="),
    ADD("+"),
    SUB("-"),
    DIV("/"),
    MUL("*"),
    MOD("%"),
    TILDE("~"),
    LBRACKET("["),
    RBRACKET("]"),
    LPAREN("("),
    RPAREN(")"),
    LBRACE("{"),
    RBRACE("}"),
    GT(">"),
    LT("<"),
    ASSIGN("="),
    DOT("."),
    COLON(":"),
    PIPE("|"),
    COMMA(","),
    SEMICOLON(";");

    private final String text;

    TokenType(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    boolean operator() {
        return ordinal() > EOF.ordinal();
    }
}
