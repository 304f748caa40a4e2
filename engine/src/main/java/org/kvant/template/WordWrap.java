package org.kvant.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code textwrap.wrap} without expansion of tabs and replacement of white space. */
record WordWrap(int width, boolean breakLongWords, boolean breakOnHyphens) {
    private static final Pattern SPACES = Pattern.compile("([\\t\\n\\x0b\\f\\r ]+)");
    private static final Pattern WORDS = Pattern.compile(
            "[\\t\\n\\x0b\\f\\r ]+|(?<=[\\w!\"'&.,?])-{2,}(?=\\w)|[^\\t\\n\\x0b\\f\\r ]+?(?:-(?:(?<=[^\\d\\W]{2}-)|(?<=[^\\d\\W]-[^\\d\\W]-))(?=[^\\d\\W]-?[^\\d\\W])|(?=[\\t\\n\\x0b\\f\\r ]|\\z)|(?<=[\\w!\"'&.,?])(?=-{2,}\\w))",
            Pattern.UNICODE_CHARACTER_CLASS);

    List<String> wrap(String text) {
        if (width <= 0) {
            throw TemplateException.value("invalid width " + width + " (must be > 0)");
        }
        Deque<String> chunks = new ArrayDeque<>(chunks(text));
        List<String> lines = new ArrayList<>();
        while (!chunks.isEmpty()) {
            if (isBlank(chunks.peek()) && !lines.isEmpty()) {
                chunks.poll();
            }
            StringBuilder line = new StringBuilder();
            int room = width;
            String last = "";
            while (!chunks.isEmpty() && Text.length(chunks.element()) <= room) {
                last = chunks.remove();
                line.append(last);
                room -= Text.length(last);
            }
            boolean tooLong = !chunks.isEmpty() && Text.length(chunks.element()) > width;
            if (tooLong && (breakLongWords || line.isEmpty())) {
                // May take nothing of it: then Python drops that nothing, and keeps the spaces before it.
                last = breakLongWords ? head(chunks, room) : chunks.remove();
                line.append(last);
            }
            if (!line.isEmpty() && isBlank(last)) {
                line.setLength(line.length() - last.length());
            }
            if (!line.isEmpty()) {
                lines.add(line.toString());
            }
        }
        return lines;
    }

    /** Takes what fits of a word that is longer than a line. */
    private String head(Deque<String> chunks, int room) {
        String word = chunks.remove();
        int end = room;
        if (breakOnHyphens && Text.length(word) > end) {
            String head = word.substring(0, Text.offset(word, end));
            int hyphen = head.lastIndexOf('-');
            if (hyphen > 0 && head.substring(0, hyphen).chars().anyMatch(c -> c != '-')) {
                end = Text.length(head.substring(0, hyphen + 1));
            }
        }
        int cut = Text.offset(word, end);
        chunks.push(word.substring(cut));
        return word.substring(0, cut);
    }

    private List<String> chunks(String text) {
        List<String> chunks = new ArrayList<>();
        if (breakOnHyphens) {
            Matcher word = WORDS.matcher(text);
            while (word.find()) {
                chunks.add(word.group());
            }
            return chunks;
        }
        Matcher space = SPACES.matcher(text);
        int position = 0;
        while (space.find()) {
            chunks.add(text.substring(position, space.start()));
            chunks.add(space.group());
            position = space.end();
        }
        chunks.add(text.substring(position));
        chunks.removeIf(String::isEmpty);
        return chunks;
    }

    private static boolean isBlank(String text) {
        return text.codePoints().allMatch(Text::isSpace);
    }
}
