package org.kvant.convert;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a model's id such as {@code org/Base-1.5B-Instruct-v2} says: the reference's {@code get_model_id_components}.
 *
 * @param fullName the id without the organization
 */
record ModelName(
        @Nullable String fullName,
        @Nullable String organization,
        @Nullable String basename,
        @Nullable String finetune,
        @Nullable String version,
        @Nullable String sizeLabel) {

    private enum Part {
        BASENAME,
        SIZE_LABEL,
        FINETUNE,
        VERSION,
        TYPE
    }

    private static final Pattern VERSION = Pattern.compile("(v|iter)?\\d+([.]\\d+)*", Pattern.CASE_INSENSITIVE);
    private static final Pattern TYPE = Pattern.compile("i?q\\d(_\\w)*|b?fp?(16|32)", Pattern.CASE_INSENSITIVE);
    private static final Pattern SIZE = Pattern.compile(
            "(([A]|\\d+[x])?\\d+([._]\\d+)?[KMBT][\\d]?|small|mini|medium|large|x?xl)", Pattern.CASE_INSENSITIVE);
    private static final Pattern FINETUNE = Pattern.compile("chat|instruct|vision|lora", Pattern.CASE_INSENSITIVE);
    private static final Pattern NOT_TITLED = Pattern.compile("v\\d+(?:\\.\\d+)*|\\d.*");

    /** @param parameters number of parameters, which tells a size from a context length; 0 if unknown */
    static ModelName of(String id, long parameters) {
        if (id.contains(" ")) {
            return new ModelName(id, null, null, null, null, null);
        }
        int slash = id.indexOf('/');
        String organization = slash < 0 ? null : id.substring(0, slash);
        String full = id.substring(slash + 1);
        if (organization != null && organization.startsWith(".")) {
            organization = null;
        }
        List<String> parts = new ArrayList<>();
        for (String part : full.split("-")) {
            if (!part.isEmpty()) {
                parts.add(part);
            }
        }
        List<EnumSet<Part>> kinds = annotate(parts, parameters);
        String size = join(parts, kinds, Part.SIZE_LABEL);
        String finetune = join(parts, kinds, Part.FINETUNE);
        String version = join(parts, kinds, Part.VERSION);
        String basename = join(parts, kinds, Part.BASENAME);
        // A lone name is too ambiguous to be called a base.
        boolean ambiguous = size == null && finetune == null && version == null;
        return new ModelName(full, organization, ambiguous ? null : basename, finetune, version, size);
    }

    private static List<EnumSet<Part>> annotate(List<String> parts, long parameters) {
        List<EnumSet<Part>> kinds = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            EnumSet<Part> kind = EnumSet.noneOf(Part.class);
            kinds.add(kind);
            String part = parts.get(i);
            if (VERSION.matcher(part).matches()) {
                kind.add(Part.VERSION);
            } else if (TYPE.matcher(part).matches()) {
                kind.add(Part.TYPE);
                parts.set(i, part.toUpperCase(Locale.ROOT));
            } else if (i > 0 && SIZE.matcher(part).matches()) {
                parts.set(i, size(part, kind, parameters));
            } else if (i > 0 && FINETUNE.matcher(part).matches()) {
                kind.add(Part.FINETUNE);
            }
        }
        dropWordSizes(parts, kinds);
        findBasename(parts, kinds);
        return kinds;
    }

    /** The size in one notation, unless it is a context length: then lower case, and part of the finetune's name. */
    private static String size(String given, EnumSet<Part> kind, long parameters) {
        String part = given.replace('_', '.');
        int n = part.length();
        if (Character.isDigit(part.charAt(n - 1))) {
            // "7b1" is 7.1b.
            part = part.substring(0, n - 2) + "." + part.charAt(n - 1) + part.charAt(n - 2);
            n = part.length();
        }
        if (n > 1 && Character.isDigit(part.charAt(n - 2)) && "kmbt".indexOf(part.charAt(n - 1)) >= 0) {
            part = part.substring(0, n - 1) + Character.toUpperCase(part.charAt(n - 1));
        }
        Double stated = parameters == 0 ? null : number(part.substring(0, n - 1));
        if (stated != null) {
            double size = stated * Math.pow(1000, " KMBT".indexOf(part.charAt(n - 1)));
            if (Math.abs(size - parameters) > Math.floorDiv(7 * parameters, 8)) {
                kind.add(Part.FINETUNE);
                part = part.substring(0, n - 1) + Character.toLowerCase(part.charAt(n - 1));
            }
        }
        if (kind.isEmpty()) {
            kind.add(Part.SIZE_LABEL);
        }
        return part;
    }

    private static @Nullable Double number(String text) {
        try {
            // Only plain decimals get here; Double would also take "1d".
            return text.matches("[0-9.]+") ? Double.valueOf(text) : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** "large" is no size label beside "7B". */
    private static void dropWordSizes(List<String> parts, List<EnumSet<Part>> kinds) {
        boolean numbered = false;
        for (int i = 0; i < parts.size(); i++) {
            numbered |= kinds.get(i).contains(Part.SIZE_LABEL)
                    && parts.get(i).chars().anyMatch(Character::isDigit);
        }
        for (int i = 0; numbered && i < parts.size(); i++) {
            if (parts.get(i).chars().allMatch(Character::isLetter)) {
                kinds.get(i).remove(Part.SIZE_LABEL);
            }
        }
    }

    private static void findBasename(List<String> parts, List<EnumSet<Part>> kinds) {
        boolean atStart = true;
        for (int i = 0; i < parts.size(); i++) {
            EnumSet<Part> kind = kinds.get(i);
            boolean word = kind.isEmpty() && Character.isLetter(parts.get(i).codePointAt(0));
            if (atStart && (word || kind.contains(Part.VERSION))) {
                kind.add(Part.BASENAME);
            } else {
                atStart = false;
                if (kind.isEmpty()) {
                    kind.add(Part.FINETUNE);
                }
            }
        }
        // A version at the end of the base name is a version only.
        for (int i = parts.size() - 1; i >= 0; i--) {
            EnumSet<Part> kind = kinds.get(i);
            if (!kind.contains(Part.BASENAME) || kind.size() == 1) {
                break;
            }
            kind.remove(Part.BASENAME);
        }
    }

    private static @Nullable String join(List<String> parts, List<EnumSet<Part>> kinds, Part kind) {
        List<String> chosen = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            boolean counts = kinds.get(i).contains(kind)
                    && !(kind == Part.VERSION && kinds.get(i).contains(Part.BASENAME));
            if (counts) {
                chosen.add(parts.get(i));
            }
        }
        if (kind == Part.SIZE_LABEL) {
            Set<String> distinct = new LinkedHashSet<>(chosen);
            chosen = new ArrayList<>(distinct);
        }
        return chosen.isEmpty() ? null : String.join("-", chosen);
    }

    /** An id as a title: {@code smol-model v2} becomes {@code Smol Model v2}; words with capitals and numbers stay. */
    static String title(String id) {
        return List.of(id.strip().replace('-', ' ').split("\\s+")).stream()
                .filter(w -> !w.isEmpty())
                .map(w -> isLower(w) && !NOT_TITLED.matcher(w).matches() ? titleWord(w) : w)
                .collect(Collectors.joining(" "));
    }

    private static boolean isLower(String word) {
        return word.codePoints().anyMatch(Character::isLowerCase)
                && word.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    /** Python's {@code str.title} for a word without capitals: every letter after a non-letter is raised. */
    private static String titleWord(String word) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int c : word.codePoints().toArray()) {
            out.appendCodePoint(inWord ? c : Character.toTitleCase(c));
            inWord = Character.isLowerCase(c);
        }
        return out.toString();
    }
}
