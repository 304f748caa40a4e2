package org.kvant.network;

import org.jspecify.annotations.Nullable;

/** What a backward pass over one group carries along. */
record Backward(
        Rows rows, @Nullable LinearTap tap, @Nullable VectorGradients vectors) {}
