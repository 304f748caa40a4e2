package org.kvant.template;

import java.util.LinkedHashMap;
import java.util.Map;

/** {@code namespace()}: the one value that a template can change. */
final class Namespace {
    private final Map<String, Object> attributes = new LinkedHashMap<>();

    Map<String, Object> attributes() {
        return attributes;
    }

    void set(String name, Object value) {
        if (name.startsWith("_")) {
            throw new TemplateException(
                    TemplateException.Kind.SECURITY,
                    "Chat templates cannot store underscore-prefixed attributes on a namespace, but got "
                            + Repr.repr(name) + ". Please rename the attribute.");
        }
        attributes.put(name, value);
    }
}
