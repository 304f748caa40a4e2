/**
 * Jinja templates as Hugging Face's transformers renders chat templates: jinja2's language in an immutable sandbox, with {@code trim_blocks},
 * {@code lstrip_blocks}, {@code break} and {@code continue}, {@code generation} blocks, {@code raise_exception}, {@code strftime_now} and a
 * {@code tojson} that escapes nothing for HTML. Values behave as Python's do. A template sees plain values only, never a Java object's members, and
 * how long it runs, how deep it recurses and how much it writes are bounded.
 *
 * <p>Sources: jinja2 3.1.6 (lexer, parser, runtime, filters), transformers' {@code chat_template_utils}.
 */
@NullMarked
package org.kvant.template;

import org.jspecify.annotations.NullMarked;
