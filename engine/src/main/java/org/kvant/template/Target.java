package org.kvant.template;

import java.util.List;

/** What {@code set}, {@code for} and {@code with} assign to. */
sealed interface Target {
    record Variable(String name) implements Target {}

    /** An attribute of a namespace. */
    record Member(String namespace, String name) implements Target {}

    record Several(List<Target> targets) implements Target {}
}
