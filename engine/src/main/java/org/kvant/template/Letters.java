package org.kvant.template;

import java.util.Locale;
import java.util.function.IntPredicate;

/** Case and classes of characters. */
final class Letters {
    private Letters() {}

    static String titleCase(int c) {
        // Java has no full title mapping of a string: a character that becomes several (as ß) is upper-cased.
        String upper = Character.toString(c).toUpperCase(Locale.ROOT);
        if (upper.codePointCount(0, upper.length()) == 1) {
            return Character.toString(Character.toTitleCase(c));
        }
        int first = upper.offsetByCodePoints(0, 1);
        return upper.substring(0, first) + upper.substring(first).toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            out.append(inWord ? Character.toString(c).toLowerCase(Locale.ROOT) : titleCase(c));
            inWord = isCased(c);
        }
        return out.toString();
    }

    static String swapCase(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            String one = Character.toString(c);
            out.append(
                    Character.isUpperCase(c)
                            ? one.toLowerCase(Locale.ROOT)
                            : Character.isLowerCase(c) ? one.toUpperCase(Locale.ROOT) : one);
        });
        return out.toString();
    }

    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /** One of the methods {@code isalpha} and so on. */
    static boolean all(String text, String method) {
        return switch (method) {
            case "isascii" -> text.codePoints().allMatch(c -> c < 128);
            case "isprintable" -> text.codePoints().allMatch(Repr::isPrintable);
            case "isidentifier" -> isIdentifier(text);
            case "islower" ->
                text.codePoints().anyMatch(Letters::isCased)
                        && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
            case "isupper" ->
                text.codePoints().anyMatch(Letters::isCased)
                        && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
            case "istitle" -> isTitle(text);
            case "isalpha" -> every(text, Character::isLetter);
            case "isalnum" -> every(text, c -> Character.isLetter(c) || isNumeric(c));
            case "isdecimal" -> every(text, Character::isDigit);
            case "isdigit" -> every(text, c -> Character.isDigit(c) || isNumeric(c) && isDigitLike(c));
            case "isnumeric" -> every(text, Letters::isNumeric);
            case "isspace" -> every(text, Text::isSpace);
            default -> throw new IllegalArgumentException(method);
        };
    }

    private static boolean every(String text, IntPredicate is) {
        return !text.isEmpty() && text.codePoints().allMatch(is);
    }

    private static boolean isNumeric(int c) {
        return Character.isDigit(c)
                || Character.getNumericValue(c) != -1 && !Character.isLetter(c)
                || Character.getType(c) == Character.OTHER_NUMBER
                || Character.getType(c) == Character.LETTER_NUMBER;
    }

    /** Superscripts and circled digits are digits, fractions and Roman numerals aren't. */
    private static boolean isDigitLike(int c) {
        return Character.getType(c) == Character.OTHER_NUMBER
                && Character.getNumericValue(c) >= 0
                && Character.getNumericValue(c) <= 9;
    }

    private static boolean isIdentifier(String text) {
        if (text.isEmpty()) {
            return false;
        }
        int first = text.codePointAt(0);
        return (first == '_' || Character.isUnicodeIdentifierStart(first))
                && text.codePoints()
                        .skip(1)
                        .allMatch(c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }

    private static boolean isTitle(String text) {
        boolean inWord = false;
        boolean any = false;
        for (int c : text.codePoints().toArray()) {
            boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (upper && inWord || Character.isLowerCase(c) && !inWord) {
                return false;
            }
            inWord = isCased(c);
            any |= inWord;
        }
        return any;
    }
}
