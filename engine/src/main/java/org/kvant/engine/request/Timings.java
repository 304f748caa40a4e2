package org.kvant.engine.request;

/**
 * Durations of one request in nanoseconds; a phase that wasn't reached is 0.
 *
 * @param queueNanos from submit until a sequence was assigned
 * @param prefillNanos from the assignment until the prompt's last logits were there
 * @param decodeNanos from the first sampled token until the end
 * @param totalNanos from submit until the end
 */
public record Timings(long queueNanos, long prefillNanos, long decodeNanos, long totalNanos) {}
