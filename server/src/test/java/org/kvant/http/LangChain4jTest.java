package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiLanguageModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** LangChain4j's OpenAI client, which talks through the JDK's HttpClient and so asks for the upgrade to HTTP/2. */
class LangChain4jTest {
    private static final String QUESTION = "Tell me a story about a dog.";
    private static RealServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new RealServer(2, 16);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static OpenAiChatModel model(String name) {
        return OpenAiChatModel.builder()
                .baseUrl(server.url() + "/v1")
                .apiKey("any")
                .modelName(name)
                .temperature(0.0)
                .maxTokens(20)
                .maxRetries(0)
                .build();
    }

    @Test
    void chats() {
        ChatResponse response =
                model(RealServer.MODEL).chat(SystemMessage.from("You tell stories."), UserMessage.from(QUESTION));
        assertThat(response.aiMessage().text()).isNotBlank();
        assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(20);
    }

    @Test
    void streams() throws Exception {
        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder()
                .baseUrl(server.url() + "/v1")
                .apiKey("any")
                .modelName(RealServer.MODEL)
                .temperature(0.0)
                .maxTokens(20)
                .build();
        StringBuilder pieces = new StringBuilder();
        CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
        streaming.chat(QUESTION, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                pieces.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        });
        ChatResponse response = complete.get(60, TimeUnit.SECONDS);
        assertThat(response.aiMessage().text()).isEqualTo(pieces.toString());
        assertThat(response.aiMessage().text())
                .isEqualTo(model(RealServer.MODEL).chat(QUESTION));
        assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(20);
    }

    @Test
    void completes() {
        OpenAiLanguageModel language = OpenAiLanguageModel.builder()
                .baseUrl(server.url() + "/v1")
                .apiKey("any")
                .modelName(RealServer.MODEL)
                .temperature(0.0)
                .build();
        assertThat(language.generate("Once upon a time").content()).isNotBlank();
    }

    @Test
    void understandsErrors() {
        assertThatThrownBy(() -> model("gpt-4").chat(QUESTION))
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessageContaining("'gpt-4' does not exist");
    }
}
