package org.kvant.template;

import java.util.regex.Pattern;

/**
 * Where a tag stands.
 *
 * @param line from 1
 * @param excerpt the tag's source on one line, shortened
 */
record Place(int line, String excerpt) {
    private static final int LONGEST = 80;
    private static final Pattern SPACES = Pattern.compile("\\s+");

    /** Of the tag that begins at {@code start} and ends before {@code end}. */
    static Place of(int line, String source, int start, int end) {
        String tag = SPACES.matcher(source.substring(start, Math.min(end, start + 2 * LONGEST)))
                .replaceAll(" ");
        return new Place(line, tag.length() <= LONGEST ? tag : tag.substring(0, LONGEST) + "…");
    }
}
