package org.kvant.calibrate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ChatMessage;

/** Reads conversations in the form of OpenAI's fine-tuning files, one a line. Empty lines are skipped, fields that say nothing about text are ignored. */
final class ChatFile implements AutoCloseable {
    private static final JsonFactory JSON = new JsonFactory();

    private final Path file;
    private final BufferedReader reader;
    private int line;

    ChatFile(Path file) throws IOException {
        this.file = file;
        this.reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
    }

    /** The next conversation, or null at the end. */
    @Nullable
    List<ChatMessage> next() throws IOException {
        while (true) {
            String text;
            try {
                text = reader.readLine();
            } catch (CharacterCodingException e) {
                throw new CalibrateException(file + ": line " + (line + 1) + " is not UTF-8", e);
            }
            if (text == null) {
                return null;
            }
            line++;
            if (!text.isBlank()) {
                return conversation(text);
            }
        }
    }

    /** The line that {@link #next} read last, from 1. */
    int line() {
        return line;
    }

    private List<ChatMessage> conversation(String text) throws IOException {
        List<ChatMessage> messages = null;
        try (JsonParser json = JSON.createParser(text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw wrong("is not a JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                json.nextToken();
                if (field.equals("messages")) {
                    messages = messages(json);
                } else {
                    json.skipChildren();
                }
            }
            if (json.nextToken() != null) {
                throw wrong("goes on after the end of its JSON object");
            }
        } catch (com.fasterxml.jackson.core.JacksonException e) {
            throw new CalibrateException(file + ": line " + line + " is not valid JSON: " + e.getOriginalMessage(), e);
        }
        if (messages == null || messages.isEmpty()) {
            throw wrong("has no \"messages\"");
        }
        return messages;
    }

    private List<ChatMessage> messages(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw wrong("has \"messages\" that are no array");
        }
        List<ChatMessage> messages = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_OBJECT) {
                throw wrong("has a message that is no object");
            }
            String role = null;
            String content = "";
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "role" -> role = json.getValueAsString();
                    case "content" -> content = content(json);
                    default -> json.skipChildren();
                }
            }
            if (role == null) {
                throw wrong("has a message without a \"role\"");
            }
            messages.add(new ChatMessage(role, content));
        }
        return messages;
    }

    /** A string, null (an assistant that only calls a tool), or parts, of which those of text count. */
    private String content(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            if (json.currentToken() == JsonToken.START_OBJECT) {
                throw wrong("has a \"content\" that is neither text nor a list of parts");
            }
            String text = json.getValueAsString();
            return text == null ? "" : text;
        }
        StringBuilder all = new StringBuilder();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_OBJECT) {
                throw wrong("has a part of a content that is no object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean text = json.currentName().equals("text");
                json.nextToken();
                if (text && json.currentToken() == JsonToken.VALUE_STRING) {
                    all.append(json.getText());
                } else {
                    json.skipChildren();
                }
            }
        }
        return all.toString();
    }

    private CalibrateException wrong(String what) {
        return new CalibrateException(file + ": line " + line + " " + what
                + "; each line must be {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, …]}");
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
