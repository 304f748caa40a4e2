package org.kvant.llama;

import org.kvant.llama.library.GraphExtension;

/** Attention that contexts compute in Java instead of letting ggml do it. */
public interface OwnAttention extends GraphExtension {
    /** Whether contexts use it for what they decode from now on. */
    boolean isOn();

    /** Whether it is being found out just now whether it is faster, which likes a core for itself. */
    boolean isComputing();
}
