package org.kvant.monitoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A scrape in the text format, taken apart: families in order, each with its samples. Strict about everything that we emit. */
record ParsedScrape(SequencedMap<String, Family> families) {
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)\\})? (\\S+)");
    private static final Pattern LABEL =
            Pattern.compile("\\G([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"(?:,|$)");

    /** {@code samples} may carry a suffix of the family's name, as {@code _bucket}. */
    record Family(String name, String type, String help, List<Sample> samples) {}

    record Sample(String name, Map<String, String> labels, double value) {
        String label(String label) {
            String found = labels.get(label);
            if (found == null) {
                throw new AssertionError("no label " + label + " in " + this);
            }
            return found;
        }
    }

    static ParsedScrape parse(String text) {
        SequencedMap<String, Family> families = new LinkedHashMap<>();
        String help = "";
        Family family = new Family("", "", "", List.of());
        for (String line : text.lines().toList()) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# HELP ")) {
                help = words[3];
            } else if (line.startsWith("# TYPE ")) {
                family = new Family(words[2], words[3], help, new ArrayList<>());
                if (families.put(family.name, family) != null) {
                    throw new AssertionError("twice: " + line);
                }
                help = "";
            } else {
                Sample sample = sample(line);
                if (!sample.name.startsWith(family.name)) {
                    throw new AssertionError("outside its family " + family.name + ": " + line);
                }
                family.samples.add(sample);
            }
        }
        return new ParsedScrape(families);
    }

    private static Sample sample(String line) {
        Matcher matcher = SAMPLE.matcher(line);
        if (!matcher.matches()) {
            throw new AssertionError("no sample: " + line);
        }
        Map<String, String> labels = new TreeMap<>();
        if (matcher.group(2) != null) {
            Matcher label = LABEL.matcher(matcher.group(2));
            int end = 0;
            while (label.find()) {
                labels.put(label.group(1), label.group(2));
                end = label.end();
            }
            if (end != matcher.group(2).length()) {
                throw new AssertionError("bad labels: " + line);
            }
        }
        return new Sample(
                matcher.group(1), labels, Double.parseDouble(matcher.group(3).replace("Inf", "Infinity")));
    }

    Family family(String name) {
        Family family = families.get(name);
        if (family == null) {
            throw new AssertionError("no family " + name + " in " + families.keySet());
        }
        return family;
    }

    /** The sample of this name with exactly these labels, given as name, value, name, value… */
    double value(String sampleName, String... labels) {
        Map<String, String> wanted = new TreeMap<>();
        for (int i = 0; i < labels.length; i += 2) {
            wanted.put(labels[i], labels[i + 1]);
        }
        return families.values().stream()
                .flatMap(family -> family.samples.stream())
                .filter(sample -> sample.name.equals(sampleName) && sample.labels.equals(wanted))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no sample " + sampleName + wanted))
                .value;
    }
}
