package org.kvant.template;

/** What a template can call: macros, methods, the few functions of the language. */
interface Callable {
    /** @throws TemplateException if the arguments don't fit */
    Object call(Render render, Arguments arguments);
}
