package org.kvant.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.llama.Backend;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.Model;
import org.kvant.llama.TinyModel;
import org.kvant.llama.Vocab;

/** Chunks are those of llama-imatrix; bad input is named by file and line. */
class TextTest {
    private static final int SIZE = 64;

    @TempDir
    Path folder;

    private Model load(TinyModel tiny) throws IOException {
        Backend.load();
        return Model.load(tiny.write(folder.resolve(tiny.architecture() + ".gguf")));
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void textIsCutAsLlamaImatrixDoes() throws IOException {
        try (Model model = load(TinyModel.gemma3())) {
            Vocab vocab = model.vocab();
            assertThat(vocab.addsBos()).isTrue();
            String text = Files.readString(Calibrations.text()).stripTrailing();
            int[] tokens = vocab.tokenize(text, true, false);
            int[][] chunks = new TextChunks(model, false, SIZE).of(List.of(Calibrations.text()), 1000);
            assertThat(chunks).hasNumberOfRows(tokens.length / SIZE);
            for (int i = 0; i < chunks.length; i++) {
                int[] expected = Arrays.copyOfRange(tokens, i * SIZE, (i + 1) * SIZE);
                expected[0] = vocab.bos();
                assertThat(chunks[i]).isEqualTo(expected);
            }
        }
    }

    @Test
    void theBeginningOfALongFileGivesTheSameChunks() throws IOException {
        try (Model model = load(TinyModel.llama())) {
            String fables = Files.readString(Calibrations.text());
            Path longer = write("long.txt", fables.repeat(40));
            int[][] all = new TextChunks(model, false, SIZE).of(List.of(longer), 100_000);
            for (int most : new int[] {1, 3, 17}) {
                int[][] some = new TextChunks(model, false, SIZE).of(List.of(longer), most);
                assertThat(some).isDeepEqualTo(Arrays.copyOf(all, most));
            }
        }
    }

    @Test
    void filesShareTheChunks() throws IOException {
        try (Model model = load(TinyModel.llama())) {
            Path shortOne =
                    write("short.txt", Files.readString(Calibrations.text()).substring(0, 200));
            TextChunks cutter = new TextChunks(model, false, SIZE);
            int few = cutter.of(List.of(shortOne), 1000).length;
            assertThat(few).isBetween(1, 4);
            int[][] shared = cutter.of(List.of(shortOne, Calibrations.text()), 10);
            assertThat(shared).hasNumberOfRows(10);
            assertThat(Arrays.copyOfRange(shared, few, 10))
                    .isDeepEqualTo(Arrays.copyOf(cutter.of(List.of(Calibrations.text()), 1000), 10 - few));
        }
    }

    @Test
    void conversationsAreInTheModelsForm() throws Exception {
        try (Model model = load(TinyModel.qwen3())) {
            String long1 = "Tell me about the sea. ".repeat(8).strip();
            Path chat = write(
                    "chat.jsonl",
                    "{\"id\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"" + long1 + "\"},"
                            + " {\"role\": \"assistant\", \"content\": [{\"type\": \"text\", \"text\": \"It is \"},"
                            + " {\"type\": \"image_url\", \"image_url\": {\"url\": \"x\"}}, {\"type\": \"text\", \"text\": \"wide.\"}]}]}\n"
                            + "\n{\"messages\": [{\"role\": \"system\", \"content\": null, \"tool_calls\": [1]},"
                            + " {\"role\": \"user\", \"content\": \"Hé \\u00e9\"}]}\n");
            String expected = model.applyChatTemplate(
                            List.of(new ChatMessage("user", long1), new ChatMessage("assistant", "It is wide.")), false)
                    + model.applyChatTemplate(
                            List.of(new ChatMessage("system", ""), new ChatMessage("user", "Hé é")), false);
            int[] tokens = model.vocab().tokenize(expected, true, true);
            int[][] chunks = new TextChunks(model, true, 32).of(List.of(chat), 100);
            assertThat(chunks).hasNumberOfRows(tokens.length / 32);
            assertThat(Arrays.stream(chunks).flatMapToInt(Arrays::stream).toArray())
                    .isEqualTo(Arrays.copyOf(tokens, tokens.length / 32 * 32));
            assertThat(Arrays.stream(tokens)).contains(model.vocab().eos());
        }
    }

    @Test
    void wrongConversationsAreNamed() throws IOException {
        try (Model model = load(TinyModel.qwen3())) {
            for (String[] wrong : new String[][] {
                {"{\"messages\": [", "not valid JSON"},
                {"[]", "not a JSON object"},
                {"{\"prompt\": \"x\"}", "no \"messages\""},
                {"{\"messages\": 3}", "no array"},
                {"{\"messages\": [{\"content\": \"x\"}]}", "without a \"role\""},
                {"{\"messages\": [{\"role\": \"user\", \"content\": {\"a\": 1}}]}", "neither text nor"},
                {"{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]} x", "line 2"},
            }) {
                Path chat = write(
                        "chat.jsonl",
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"fine\"}]}\n" + wrong[0] + "\n");
                assertThatThrownBy(() -> new TextChunks(model, true, SIZE).of(List.of(chat), 4))
                        .as(wrong[0])
                        .isInstanceOf(CalibrateException.class)
                        .hasMessageContaining("chat.jsonl: line 2")
                        .hasMessageContaining(wrong[1]);
            }
        }
    }

    @Test
    void textThatCannotBeUsedIsNamed() throws IOException {
        try (Model model = load(TinyModel.llama())) {
            TextChunks cutter = new TextChunks(model, false, SIZE);
            Path tiny = write("tiny.txt", "too short");
            Path empty = write("empty.txt", "");
            assertThatThrownBy(() -> cutter.of(List.of(tiny), 4))
                    .hasMessageContaining("tiny.txt has only")
                    .hasMessageContaining("--chunk-size");
            assertThatThrownBy(() -> cutter.of(List.of(empty, tiny), 4))
                    .hasMessageContaining("the files have together only");
            assertThatThrownBy(() -> cutter.of(List.of(folder), 4)).hasMessageContaining("not a regular file");
            assertThatThrownBy(() -> cutter.of(List.of(folder.resolve("absent.txt")), 4))
                    .isInstanceOf(NoSuchFileException.class);
        }
        try (Model model = load(TinyModel.qwen2().metadata(m -> m.remove("tokenizer.chat_template")))) {
            Path chat = write("chat.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}\n");
            assertThatThrownBy(() -> new TextChunks(model, true, SIZE).of(List.of(chat), 4))
                    .hasMessageContaining("no chat template")
                    .hasMessageContaining("--text");
        }
    }

    @Test
    void textInAnotherEncodingIsRefused() throws IOException {
        try (Model model = load(TinyModel.llama())) {
            byte[] fables = Files.readAllBytes(Calibrations.text());
            fables[300] = (byte) 0xE9;
            Path latin = Files.write(folder.resolve("latin.txt"), fables);
            assertThatThrownBy(() -> new TextChunks(model, false, SIZE).of(List.of(latin), 10))
                    .isInstanceOf(CalibrateException.class)
                    .hasMessageContaining("latin.txt")
                    .hasMessageContaining("UTF-8 from byte 300 on");
        }
    }

    @Test
    void aSeedMakesAText() throws IOException {
        for (TinyModel tiny : List.of(TinyModel.llama(), TinyModel.gemma3())) {
            try (Model model = load(tiny)) {
                Vocab vocab = model.vocab();
                int[][] first = new SelfText(model, SIZE, 1, 1).write(0, 4, written -> true);
                assertThat(new SelfText(model, SIZE, 1, 1).write(0, 4, written -> true))
                        .isDeepEqualTo(first);
                assertThat(new SelfText(model, SIZE, 2, 1).write(0, 4, written -> true)[0])
                        .isNotEqualTo(first[0]);
                assertThat(first[0]).isNotEqualTo(first[2]);
                assertThat(first).hasDimensions(4, SIZE);
                for (int[] chunk : first) {
                    assertThat(chunk[0] == vocab.bos()).isEqualTo(vocab.addsBos());
                    assertThat(Arrays.stream(chunk).skip(1).filter(vocab::isEog))
                            .isEmpty();
                }
                assertThat(new SelfText(model, SIZE, 1, 1).write(0, 4, written -> written < 20))
                        .isEmpty();
            }
        }
    }
}
