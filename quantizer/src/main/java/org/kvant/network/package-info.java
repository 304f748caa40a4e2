/**
 * A float32 reference of the transformers that llama.cpp calls llama, qwen2, qwen3, qwen3moe and gemma3, forward and
 * backward, one layer after the other over all chunks of a text: memory holds one layer's weights, the states at a layer's
 * boundary and some chunks' activations. It follows {@code src/models/*.cpp} and {@code src/llama-graph.cpp} of the pinned
 * library.
 */
@NullMarked
package org.kvant.network;

import org.jspecify.annotations.NullMarked;
