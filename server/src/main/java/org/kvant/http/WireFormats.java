package org.kvant.http;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kvant.api.Dialect;
import org.kvant.api.Query;
import org.kvant.api.llamacpp.ApplyTemplate;
import org.kvant.api.llamacpp.Detokenize;
import org.kvant.api.llamacpp.Tokenize;
import org.kvant.api.openai.ChatDialect;
import org.kvant.api.openai.CompletionsDialect;

/**
 * The wire formats that a server speaks. A new one is a package of its own and a line here; routing, refusals of other methods, limits and metrics follow.
 *
 * @param dialects of generating requests
 * @param queries of requests that are answered at once
 */
public record WireFormats(List<Dialect> dialects, List<Query> queries) {
    public WireFormats {
        dialects = List.copyOf(dialects);
        queries = List.copyOf(queries);
    }

    /** All that Kvant has. */
    public static WireFormats all() {
        return new WireFormats(
                List.of(new CompletionsDialect(), new ChatDialect()),
                List.of(new Tokenize(), new Detokenize(), new ApplyTemplate(new ChatDialect())));
    }

    /** Where requests are posted to. */
    Set<String> paths() {
        return Stream.concat(
                        dialects.stream().map(Dialect::path), queries.stream().map(Query::path))
                .collect(Collectors.toUnmodifiableSet());
    }
}
