package org.kvant.evaluate;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A question with several endings, one of them right.
 *
 * @param context the beginning
 * @param endings two or more
 * @param label index of the right one
 */
public record ChoiceTask(String context, List<String> endings, int label) {
    /** HellaSwag's files have four endings a question. */
    private static final int LINES = 6;

    /** llama.cpp holds so many sequences. */
    private static final int MAX_ENDINGS = 32;

    public ChoiceTask {
        endings = List.copyOf(endings);
    }

    /**
     * Reads questions. A file whose first character is a brace has one JSON object a line with {@code ctx} (or {@code context}),
     * {@code endings} and {@code label}, as HellaSwag is published; an {@code activity_label} is put before the context, as llama.cpp's and
     * EleutherAI's harness do, and their clean-up of bracketed remarks is done. Any other file has six lines a question, as llama-perplexity's
     * {@code --hellaswag} reads: context, label, four endings.
     *
     * @throws EvaluateException naming file and line of what is wrong
     */
    public static List<ChoiceTask> read(Path file) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new EvaluateException(file + ": is not text in UTF-8; convert it first", e);
        }
        while (!lines.isEmpty() && lines.getLast().isBlank()) {
            lines.removeLast();
        }
        if (lines.isEmpty()) {
            throw new EvaluateException(file + ": has no questions");
        }
        return lines.getFirst().stripLeading().startsWith("{") ? jsonLines(file, lines) : sixLines(file, lines);
    }

    private static List<ChoiceTask> sixLines(Path file, List<String> lines) throws EvaluateException {
        if (lines.size() % LINES != 0) {
            throw new EvaluateException(file + ": has " + lines.size()
                    + " lines, not a multiple of 6 (context, label, four endings); or give one JSON object a line");
        }
        List<ChoiceTask> tasks = new ArrayList<>();
        for (int at = 0; at < lines.size(); at += LINES) {
            String label = lines.get(at + 1).strip();
            if (!label.matches("[0-3]")) {
                throw new EvaluateException(
                        file + ", line " + (at + 2) + ": '" + label + "' is no label; it must be 0 to 3");
            }
            tasks.add(new ChoiceTask(lines.get(at), lines.subList(at + 2, at + LINES), Integer.parseInt(label)));
        }
        return tasks;
    }

    private static List<ChoiceTask> jsonLines(Path file, List<String> lines) throws IOException {
        List<ChoiceTask> tasks = new ArrayList<>();
        JsonFactory factory = new JsonFactory();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            String where = file + ", line " + (i + 1);
            try (JsonParser json = factory.createParser(lines.get(i))) {
                tasks.add(parse(json, where));
            } catch (JacksonException e) {
                throw new EvaluateException(where + ": is not a JSON object: " + e.getOriginalMessage(), e);
            }
        }
        return tasks;
    }

    private static ChoiceTask parse(JsonParser json, String where) throws IOException {
        @Nullable String context = null;
        @Nullable String activity = null;
        List<String> endings = new ArrayList<>();
        int label = -1;
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new EvaluateException(where + ": is not a JSON object");
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            switch (field) {
                case "ctx", "context" -> context = json.getValueAsString();
                case "activity_label" -> activity = json.getValueAsString();
                case "label" -> label = json.getValueAsInt(-1);
                case "endings" -> {
                    while (value == JsonToken.START_ARRAY && json.nextToken() != JsonToken.END_ARRAY) {
                        endings.add(String.valueOf(json.getValueAsString()));
                    }
                }
                default -> json.skipChildren();
            }
        }
        if (context == null || endings.size() < 2 || endings.size() > MAX_ENDINGS) {
            throw new EvaluateException(
                    where + ": needs \"ctx\" and 2 to " + MAX_ENDINGS + " \"endings\", but has " + endings.size());
        }
        if (label < 0 || label >= endings.size()) {
            throw new EvaluateException(
                    where + ": its \"label\" is not an index of its " + endings.size() + " endings, from 0");
        }
        return activity == null
                ? new ChoiceTask(context, endings, label)
                : new ChoiceTask(
                        clean(activity + ": " + context),
                        endings.stream().map(ChoiceTask::clean).toList(),
                        label);
    }

    /** lm-evaluation-harness, {@code tasks/hellaswag/utils.py}: remarks of WikiHow in brackets go. */
    private static String clean(String text) {
        return text.strip()
                .replace(" [title]", ". ")
                .replaceAll("\\[.*?\\]", "")
                .replace("  ", " ")
                .strip();
    }
}
