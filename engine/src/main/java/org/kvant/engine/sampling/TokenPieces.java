package org.kvant.engine.sampling;

/** What tokens are in a text. */
public interface TokenPieces {
    /** Tokens are numbered from 0 to before this. */
    int size();

    /** UTF-8 bytes of a token's text, which may begin or end within a character; empty for control tokens. */
    byte[] piece(int token);

    /** Whether the token ends a generation. */
    boolean isEog(int token);
}
