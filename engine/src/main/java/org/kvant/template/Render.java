package org.kvant.template;

import java.time.ZonedDateTime;

/** One rendering: its output, what it has used up, and the clock. For one thread. */
final class Render {
    /** Values are told apart and shown in places that know of no rendering, and a value that contains another many times is huge. */
    private static final ScopedValue<Render> CURRENT = ScopedValue.newInstance();

    private final TemplateLimits limits;
    private final ZonedDateTime now;
    private final Evaluator evaluator = new Evaluator(this);
    private final Executor executor = new Executor(this);
    private StringBuilder out = new StringBuilder(1024);
    private long steps;
    private int depth;

    Render(TemplateLimits limits, ZonedDateTime now) {
        this.limits = limits;
        this.now = now;
    }

    Evaluator evaluator() {
        return evaluator;
    }

    Executor executor() {
        return executor;
    }

    ZonedDateTime now() {
        return now;
    }

    String output() {
        return out.toString();
    }

    void write(String text) {
        if (text.length() > limits.length() - out.length()) {
            throw limit("writes more than " + limits.length() + " characters");
        }
        out.append(text);
    }

    /** What {@code body} writes, instead of writing it. */
    String capture(Runnable body) {
        StringBuilder outer = out;
        out = new StringBuilder();
        try {
            body.run();
            charge(out.length());
            return out.toString();
        } finally {
            out = outer;
        }
    }

    void step() {
        if (++steps > limits.steps()) {
            throw limit("takes more than " + limits.steps() + " steps");
        }
    }

    /** Called before that many characters or items are made. */
    void charge(long size) {
        if (size > limits.length()) {
            throw limit("makes a value of more than " + limits.length() + " characters or items");
        }
        steps += size >> 6;
        step();
    }

    /** Runs the work with this rendering paying for {@link #element}. */
    void pay(Runnable work) {
        ScopedValue.where(CURRENT, this).run(work);
    }

    /** Called for each element of a value that is compared or shown, whose text so far has that length. */
    static void element(int length) {
        if (CURRENT.isBound()) {
            Render render = CURRENT.get();
            render.step();
            if (length > render.limits.length()) {
                throw limit("makes a text of more than " + render.limits.length() + " characters");
            }
        }
    }

    /** Before a macro or a recursive loop begins; {@link #leave} follows. */
    void enter() {
        if (depth >= limits.depth()) {
            throw limit("recurses deeper than " + limits.depth() + " calls");
        }
        depth++;
    }

    void leave() {
        depth--;
    }

    private static TemplateException limit(String what) {
        return new TemplateException(
                TemplateException.Kind.LIMIT,
                "the template " + what + "; shorten the conversation or mend the template");
    }
}
