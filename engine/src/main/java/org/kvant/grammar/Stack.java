package org.kvant.grammar;

import org.jspecify.annotations.Nullable;

/**
 * Elements still to be matched, the next one on top: a persistent list, so that stacks share what lies below. Equal stacks of one
 * {@link StackTable} are the same object.
 */
final class Stack {
    final int element;
    final @Nullable Stack below;
    private final int hash;

    /** What this stack becomes once its top is matched; found at the first need. */
    Stack @Nullable [] next;

    Stack(int element, @Nullable Stack below) {
        this.element = element;
        this.below = below;
        hash = 31 * element + System.identityHashCode(below);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Stack s && s.element == element && s.below == below;
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
