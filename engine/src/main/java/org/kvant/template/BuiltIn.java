package org.kvant.template;

/** A built-in function or a method bound to its value. */
record BuiltIn(String name, Callable body) implements Callable {
    @Override
    public Object call(Render render, Arguments arguments) {
        return body.call(render, arguments);
    }
}
