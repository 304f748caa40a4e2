package org.kvant.llama;

/** The model has no chat template, or one that llama.cpp does not recognise. */
public final class UnsupportedTemplateException extends Exception {
    private static final long serialVersionUID = 1L;

    UnsupportedTemplateException(String message) {
        super(message);
    }
}
