package org.kvant.convert;

import java.nio.file.Path;

/**
 * What a conversion made.
 *
 * @param file the GGUF file
 * @param architecture {@code general.architecture}
 * @param type what matrices are stored as, never {@link OutType#AUTO}
 * @param parameters number of values in all tensors
 * @param tensorBytes bytes of all tensors' data
 */
public record ConvertResult(
        Path file, String architecture, OutType type, int tensors, long parameters, long tensorBytes) {}
