package org.kvant.cli.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.TreeSet;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;
import org.kvant.template.Template;
import org.kvant.template.TemplateException;

/** {@code --chat-template FILE|NAME}. */
final class ChatTemplateArgument {
    private static final String KEY = "tokenizer.chat_template";

    private ChatTemplateArgument() {}

    /**
     * The template's source: a file's content, or one of the templates in the model's file by its name.
     *
     * @throws IOException if there is neither, or a file's content is no template; the message says what there is
     */
    static String resolve(String argument, Metadata metadata) throws IOException {
        String key = argument.equals("default") ? KEY : KEY + "." + argument;
        if (metadata.get(key).orElse(null) instanceof MetaValue.Str source) {
            return source.value();
        }
        Path file = file(argument, metadata);
        String source = Files.readString(file);
        try {
            if (Template.parse(source).mentions("messages")) {
                return source;
            }
            throw new IOException("--chat-template " + file + " is no chat template: it never speaks of 'messages'");
        } catch (TemplateException e) {
            throw new IOException("--chat-template " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Path file(String argument, Metadata metadata) throws IOException {
        try {
            Path file = Path.of(argument);
            if (Files.isRegularFile(file)) {
                return file;
            }
        } catch (InvalidPathException e) {
            throw new IOException("--chat-template " + argument + " is no file name: " + e.getReason(), e);
        }
        TreeSet<String> names = new TreeSet<>();
        metadata.keys().stream()
                .filter(name -> name.equals(KEY) || name.startsWith(KEY + "."))
                .forEach(name -> names.add(name.equals(KEY) ? "default" : name.substring(KEY.length() + 1)));
        throw new IOException(
                "--chat-template " + argument + " is neither a file nor a template of the model, which has "
                        + (names.isEmpty() ? "none" : String.join(", ", names)));
    }
}
