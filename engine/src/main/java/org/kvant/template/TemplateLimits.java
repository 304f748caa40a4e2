package org.kvant.template;

/**
 * What one rendering may use; one that wants more fails.
 *
 * @param steps statements and expressions evaluated, where 64 characters or items that are copied count as one more
 * @param depth macros and recursive loops inside one another
 * @param length of the output, in UTF-16 units
 */
public record TemplateLimits(long steps, int depth, int length) {
    /** Some seconds of one core at most; thousands of messages through the longest known templates need a tenth. */
    public static final TemplateLimits DEFAULT = new TemplateLimits(50_000_000, 200, 1 << 26);
}
