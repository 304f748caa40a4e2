package org.kvant.engine.runtime;

import java.nio.file.Path;

/**
 * The loaded model and the shape of its context.
 *
 * @param path the file
 * @param architecture GGUF's {@code general.architecture}
 * @param description llama.cpp's one-line description: architecture, size, type
 * @param parameterCount weights
 * @param weightBytes bytes of the tensors
 * @param vocabularySize tokens
 * @param embeddingLength width of the residual stream
 * @param layers transformer blocks
 * @param trainContext context length the model was trained for, in tokens
 * @param contextSize cells of the whole cache
 * @param sequenceContext tokens that one sequence can hold, prompt and completion together
 * @param maxSequences sequences that run at a time
 * @param chatTemplate whether the file brings a chat template
 */
public record ModelInfo(
        Path path,
        String architecture,
        String description,
        long parameterCount,
        long weightBytes,
        int vocabularySize,
        int embeddingLength,
        int layers,
        int trainContext,
        int contextSize,
        int sequenceContext,
        int maxSequences,
        boolean chatTemplate) {}
