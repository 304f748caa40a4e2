package org.kvant.template;

import org.jspecify.annotations.Nullable;

/** A template that cannot be read, or that fails for what it is given. Names the line and the tag once they are known. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What went wrong, as Python's exceptions tell it apart. */
    public enum Kind {
        /** The template is not in the language. */
        SYNTAX("TemplateSyntaxError"),
        /** The template called {@code raise_exception}: its message is for whoever sent the messages. */
        RAISED("TemplateError"),
        /** The template asks for something that the language lacks, as a filter of another tool. */
        RUNTIME("TemplateRuntimeError"),
        /** Something that doesn't exist was used for more than printing or testing it. */
        UNDEFINED("UndefinedError"),
        /** An operation does not take values of these types. */
        TYPE("TypeError"),
        /** A value of the right type is out of range. */
        VALUE("ValueError"),
        /** The sandbox forbids it. */
        SECURITY("SecurityError"),
        /** Too many steps, too deep, or too long an output. */
        LIMIT("LimitError"),
        /** In the language, but not done here. */
        UNSUPPORTED("UnsupportedError");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        /** The name of jinja2's or Python's exception, where there is one. */
        public String title() {
            return title;
        }
    }

    private final Kind kind;
    private final String reason;
    private final @Nullable Place place;

    TemplateException(Kind kind, String reason) {
        this(kind, reason, null);
    }

    TemplateException(Kind kind, String reason, @Nullable Place place) {
        super(
                place == null ? reason : "line " + place.line() + ", in " + place.excerpt() + ": " + reason,
                null,
                false,
                false);
        this.kind = kind;
        this.reason = reason;
        this.place = place;
    }

    static TemplateException type(String reason) {
        return new TemplateException(Kind.TYPE, reason);
    }

    static TemplateException value(String reason) {
        return new TemplateException(Kind.VALUE, reason);
    }

    static TemplateException unsupported(String reason) {
        return new TemplateException(Kind.UNSUPPORTED, reason);
    }

    /** The same with the place, unless an inner tag has given one already. */
    TemplateException at(Place where) {
        return place == null ? new TemplateException(kind, reason, where) : this;
    }

    public Kind kind() {
        return kind;
    }

    /** What went wrong, without the place; of {@link Kind#RAISED} the template's own words. */
    public String reason() {
        return reason;
    }

    /** Line of the template, from 1; 0 if unknown. */
    public int line() {
        return place == null ? 0 : place.line();
    }
}
