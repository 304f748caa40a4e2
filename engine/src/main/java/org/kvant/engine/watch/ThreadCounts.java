package org.kvant.engine.watch;

/**
 * How many threads compute.
 *
 * @param tokens for decodes that carry on one stream
 * @param prompts for all others
 */
public record ThreadCounts(int tokens, int prompts) {}
