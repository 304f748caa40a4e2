package org.kvant.template;

import java.util.List;
import java.util.Set;

/** Statements that share one scope. */
final class Body {
    static final Body EMPTY = new Body(List.of());

    private final List<Stmt> statements;
    private Set<String> unset = Set.of();

    Body(List<Stmt> statements) {
        this.statements = statements;
    }

    List<Stmt> statements() {
        return statements;
    }

    /** Names that are undefined here until they are assigned, whatever they mean outside. */
    Set<String> unset() {
        return unset;
    }

    /** Once, by {@link NameAnalysis}, before anyone renders. */
    void unset(Set<String> names) {
        if (this != EMPTY) {
            unset = Set.copyOf(names);
        }
    }
}
