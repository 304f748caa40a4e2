package org.kvant.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Python's {@code split} and {@code rsplit}. */
final class Splitting {
    private Splitting() {}

    /** @param most splits; any number if negative */
    static List<Object> at(String text, String separator, int most, boolean right) {
        List<Object> parts = new ArrayList<>();
        if (right) {
            int end = text.length();
            while (most < 0 || parts.size() < most) {
                int at = end < separator.length() ? -1 : text.lastIndexOf(separator, end - separator.length());
                if (at < 0) {
                    break;
                }
                parts.add(text.substring(at + separator.length(), end));
                end = at;
            }
            parts.add(text.substring(0, end));
            Collections.reverse(parts);
            return parts;
        }
        int start = 0;
        while (most < 0 || parts.size() < most) {
            int at = text.indexOf(separator, start);
            if (at < 0) {
                break;
            }
            parts.add(text.substring(start, at));
            start = at + separator.length();
        }
        parts.add(text.substring(start));
        return parts;
    }

    /** At runs of white space, without empty parts. */
    static List<Object> atSpaces(String text, int most, boolean right) {
        List<Object> parts = new ArrayList<>();
        String rest = Text.strip(text, "", !right, right);
        while (!rest.isEmpty()) {
            if (most >= 0 && parts.size() == most) {
                // What is left keeps its inner spaces, and its outer ones on the side that was not read.
                parts.add(rest);
                break;
            }
            int cut = right ? lastSpace(rest) : firstSpace(rest);
            if (cut < 0) {
                parts.add(rest);
                break;
            }
            parts.add(right ? rest.substring(cut + 1) : rest.substring(0, cut));
            rest = Text.strip(right ? rest.substring(0, cut) : rest.substring(cut), "", !right, right);
        }
        if (right) {
            Collections.reverse(parts);
        }
        return parts;
    }

    private static int firstSpace(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Text.isSpace(text.charAt(i))) {
                return i;
            }
        }
        return -1;
    }

    private static int lastSpace(String text) {
        for (int i = text.length() - 1; i >= 0; i--) {
            if (Text.isSpace(text.charAt(i))) {
                return i;
            }
        }
        return -1;
    }
}
