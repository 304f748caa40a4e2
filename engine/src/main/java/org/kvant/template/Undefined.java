package org.kvant.template;

import org.jspecify.annotations.Nullable;

/**
 * Something that isn't there: prints as nothing, is false and empty, and equals every other such value. Anything else done with it fails with
 * {@code message}.
 */
record Undefined(TemplateException.Kind kind, String message) {

    Undefined(String message) {
        this(TemplateException.Kind.UNDEFINED, message);
    }

    static Undefined variable(String name) {
        return new Undefined(Repr.repr(name) + " is undefined");
    }

    static Undefined member(Object owner, Object name) {
        String type = owner == None.NONE ? "None" : Types.name(owner) + " object";
        return new Undefined(
                name instanceof String text
                        ? "'" + type + "' has no attribute " + Repr.repr(text)
                        : type + " has no element " + Repr.repr(name));
    }

    static Undefined unsafe(Object owner, String name) {
        return new Undefined(
                TemplateException.Kind.SECURITY,
                "access to attribute " + Repr.repr(name) + " of " + Repr.repr(Types.name(owner))
                        + " object is unsafe.");
    }

    TemplateException failure() {
        return new TemplateException(kind, message);
    }

    /** @throws TemplateException if {@code value} is undefined */
    static void refuse(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Undefined;
    }

    @Override
    public int hashCode() {
        return 0;
    }
}
