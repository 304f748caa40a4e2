package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionChoice;
import com.openai.models.completions.CompletionCreateParams;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The official Java client against the server with the demo model. */
class OpenAiClientTest {
    private static RealServer server;
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws Exception {
        server = new RealServer(4, 64);
        client = OpenAIOkHttpClient.builder()
                .baseUrl(server.url() + "/v1")
                .apiKey("any")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder()
                .model(RealServer.MODEL)
                .addDeveloperMessage("You tell stories.")
                .addUserMessage("Tell me a story about a cat.")
                .maxCompletionTokens(24)
                .temperature(0);
    }

    @Test
    void chats() {
        ChatCompletion completion = client.chat().completions().create(chat().build());
        ChatCompletion.Choice choice = completion.choices().getFirst();
        assertThat(completion.id()).startsWith("chatcmpl-");
        assertThat(completion.model()).isEqualTo(RealServer.MODEL);
        assertThat(choice.message().content().orElseThrow()).isNotBlank();
        assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.LENGTH);
        assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(24);
        assertThat(completion.usage().orElseThrow().promptTokens()).isPositive();
        assertThat(completion.validate()).isSameAs(completion);
    }

    @Test
    void streamsTheSameText() {
        String whole = client.chat()
                .completions()
                .create(chat().build())
                .choices()
                .getFirst()
                .message()
                .content()
                .orElseThrow();
        ChatCompletionCreateParams params = chat().streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> response =
                client.chat().completions().createStreaming(params)) {
            List<ChatCompletionChunk> chunks = response.stream().toList();
            chunks.forEach(ChatCompletionChunk::validate);
            assertThat(chunks.getFirst().choices().getFirst().delta().role())
                    .hasValue(ChatCompletionChunk.Choice.Delta.Role.ASSISTANT);
            assertThat(chunks.stream()
                            .flatMap(chunk -> chunk.choices().stream())
                            .flatMap(choice -> choice.delta().content().stream())
                            .collect(Collectors.joining()))
                    .isEqualTo(whole);
            ChatCompletionChunk last = chunks.getLast();
            assertThat(last.choices()).isEmpty();
            assertThat(last.usage().orElseThrow().completionTokens()).isEqualTo(24);
            assertThat(chunks.get(chunks.size() - 2).choices().getFirst().finishReason())
                    .hasValue(ChatCompletionChunk.Choice.FinishReason.LENGTH);
        }
    }

    @Test
    void completesSeveralPrompts() {
        Completion completion = client.completions()
                .create(CompletionCreateParams.builder()
                        .model(RealServer.MODEL)
                        .promptOfArrayOfStrings(List.of("Once upon a time", "The dog", "A little girl"))
                        .maxTokens(12)
                        .temperature(0)
                        .build());
        assertThat(completion.validate()).isSameAs(completion);
        assertThat(completion.choices().stream().map(CompletionChoice::index)).containsExactly(0L, 1L, 2L);
        assertThat(completion.choices())
                .allSatisfy(choice -> assertThat(choice.text()).isNotBlank());
        assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(36);
    }

    @Test
    void repeatsItselfWithTheSameSeed() {
        CompletionCreateParams.Builder params = CompletionCreateParams.builder()
                .model(RealServer.MODEL)
                .prompt("Once upon a time")
                .maxTokens(24)
                .temperature(1)
                .putAdditionalBodyProperty("top_k", JsonValue.from(0))
                .putAdditionalBodyProperty("min_p", JsonValue.from(0));
        String first = client.completions()
                .create(params.seed(5).build())
                .choices()
                .getFirst()
                .text();
        assertThat(client.completions()
                        .create(params.seed(5).build())
                        .choices()
                        .getFirst()
                        .text())
                .isEqualTo(first);
        assertThat(client.completions()
                        .create(params.seed(6).build())
                        .choices()
                        .getFirst()
                        .text())
                .isNotEqualTo(first);
    }

    @Test
    void listsModels() {
        assertThat(client.models().list().data())
                .singleElement()
                .satisfies(model -> assertThat(model.id()).isEqualTo(RealServer.MODEL));
        assertThat(client.models().retrieve(RealServer.MODEL).ownedBy()).isEqualTo("kvant");
        assertThatThrownBy(() -> client.models().retrieve("gpt-4")).isInstanceOf(NotFoundException.class);
    }

    @Test
    void understandsErrors() {
        NotFoundException unknown = catchThrowableOfType(
                NotFoundException.class,
                () -> client.chat().completions().create(chat().model("gpt-4").build()));
        assertThat(unknown.code()).hasValue("model_not_found");
        assertThat(unknown.param()).hasValue("model");
        BadRequestException tooMany = catchThrowableOfType(
                BadRequestException.class,
                () -> client.chat().completions().create(chat().n(1000).build()));
        assertThat(tooMany.param()).hasValue("n");
        BadRequestException tooLong = catchThrowableOfType(
                BadRequestException.class,
                () -> client.completions()
                        .create(CompletionCreateParams.builder()
                                .model(RealServer.MODEL)
                                .prompt("cat ".repeat(2000))
                                .build()));
        assertThat(tooLong.code()).hasValue("context_length_exceeded");
        assertThat(tooLong.param()).hasValue("prompt");
    }
}
