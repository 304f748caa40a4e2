package org.kvant.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What stands left of an assignment. */
final class TargetParser {
    private final TokenStream stream;

    TargetParser(TokenStream stream) {
        this.stream = stream;
    }

    /** The target of an assignment; {@code endName} ends a tuple of them. */
    Target target(@Nullable String endName, boolean withNamespace) {
        Target first = simpleTarget(withNamespace);
        if (!stream.at(TokenType.COMMA)) {
            return first;
        }
        List<Target> targets = new ArrayList<>(List.of(first));
        while (stream.skipIf(TokenType.COMMA)) {
            if (stream.at(TokenType.ASSIGN) || stream.atTupleEnd(endName)) {
                break;
            }
            targets.add(simpleTarget(withNamespace));
        }
        return new Target.Several(List.copyOf(targets));
    }

    private Target simpleTarget(boolean withNamespace) {
        if (stream.skipIf(TokenType.LPAREN)) {
            Target inner = target(null, false);
            stream.expect(TokenType.RPAREN);
            return inner;
        }
        if (!stream.at(TokenType.NAME)) {
            throw stream.fail("can't assign to " + Repr.repr(stream.current().describe()));
        }
        String name = stream.name();
        if (withNamespace && stream.skipIf(TokenType.DOT)) {
            return new Target.Member(name, stream.name());
        }
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw stream.fail("can't assign to 'const'");
        }
        return new Target.Variable(name);
    }
}
