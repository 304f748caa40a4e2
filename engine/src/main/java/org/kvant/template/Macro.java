package org.kvant.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A macro, or the body of a call block.
 *
 * @param outer where it was defined
 */
record Macro(Stmt.MacroCode code, Scope outer) implements Callable {

    @Override
    public Object call(Render render, Arguments arguments) {
        Scope scope = new Scope(outer, code.body());
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        bindParameters(render, arguments.positional(), named, scope);
        if (code.usesCaller() && !code.parameters().contains("caller")) {
            Object caller = named.remove("caller");
            scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
        }
        bindRest(arguments.positional(), named, scope);
        render.enter();
        try {
            return render.capture(() -> render.executor().run(code.body(), scope));
        } finally {
            render.leave();
        }
    }

    private void bindParameters(Render render, List<Object> positional, Map<String, Object> named, Scope scope) {
        List<String> parameters = code.parameters();
        int firstDefault = parameters.size() - code.defaults().size();
        for (int i = 0; i < parameters.size(); i++) {
            String name = parameters.get(i);
            Object value = i < positional.size() ? positional.get(i) : named.remove(name);
            if (value == null && i >= firstDefault) {
                value = render.evaluator().value(code.defaults().get(i - firstDefault), scope);
            }
            scope.set(
                    name, value == null ? new Undefined("parameter " + Repr.repr(name) + " was not provided") : value);
        }
    }

    private void bindRest(List<Object> positional, Map<String, Object> named, Scope scope) {
        String title = "macro " + Repr.repr(code.name());
        if (code.usesKwargs()) {
            Dict kwargs = new Dict();
            named.forEach(kwargs::put);
            scope.set("kwargs", kwargs);
        } else if (named.containsKey("caller")) {
            throw TemplateException.type(
                    title + " was invoked with two values for the special caller argument. This is most likely a bug.");
        } else if (!named.isEmpty()) {
            throw TemplateException.type(title + " takes no keyword argument "
                    + Repr.repr(named.keySet().iterator().next()));
        }
        int count = code.parameters().size();
        if (code.usesVarargs()) {
            scope.set(
                    "varargs",
                    Tuple.of(new ArrayList<>(
                            positional.subList(Math.min(count, positional.size()), positional.size()))));
        } else if (positional.size() > count) {
            throw TemplateException.type(title + " takes not more than " + count + " argument(s)");
        }
    }
}
