package org.kvant.llama;

/**
 * Memory that a context takes, in bytes to a hundredth of a MiB.
 *
 * @param contextSize cells of all sequences together, after rounding
 * @param sequenceLength the most positions that one sequence can have
 * @param kvBytesK of the K cache
 * @param kvBytesV of the V cache
 * @param computeBytes of the buffers for intermediate results and outputs
 */
public record ContextSizes(int contextSize, int sequenceLength, long kvBytesK, long kvBytesV, long computeBytes) {}
