package org.kvant.grammar;

/** A grammar that can't be read, or that can't be followed within its bounds. The message is a sentence fit for a client. */
public final class GrammarException extends Exception {
    public GrammarException(String message) {
        super(message);
    }
}
