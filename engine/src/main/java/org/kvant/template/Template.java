package org.kvant.template;

import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A template, parsed once. Any number of threads may render it at a time. */
public final class Template {
    private final String source;
    private final Body body;

    private Template(String source, Body body) {
        this.source = source;
        this.body = body;
    }

    /** @throws TemplateException if the source is not in the language */
    public static Template parse(String source) {
        String normalized = Lexer.normalize(source);
        try {
            return new Template(normalized, StatementParser.parse(normalized));
        } catch (StackOverflowError e) {
            throw new TemplateException(TemplateException.Kind.LIMIT, "the template nests too deep to be read");
        }
    }

    /** Whether the source contains {@code text} anywhere, as a template that speaks of a variable must. */
    public boolean mentions(String text) {
        return source.contains(text);
    }

    /** With the usual limits and the time in the system's zone. */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        return render(variables, ZonedDateTime.now(java.time.ZoneId.systemDefault()), TemplateLimits.DEFAULT);
    }

    /**
     * @param variables null, strings, booleans, numbers, lists, maps and arrays of int; they are copied
     * @param now what {@code strftime_now} tells
     * @throws TemplateException if the template fails: of {@link TemplateException.Kind#RAISED} if it refuses what it is given
     */
    public String render(Map<String, ? extends @Nullable Object> variables, ZonedDateTime now, TemplateLimits limits) {
        Render render = new Render(limits, now);
        try {
            Map<String, Object> names = new HashMap<>();
            variables.forEach((name, value) -> names.put(name, Values.of(value)));
            render.pay(() -> render.executor().run(body, new Scope(new Scope(Globals.SCOPE, names), body)));
        } catch (StackOverflowError e) {
            throw new TemplateException(
                    TemplateException.Kind.LIMIT, "the template or what it is given nests too deep to be rendered");
        }
        return render.output();
    }
}
