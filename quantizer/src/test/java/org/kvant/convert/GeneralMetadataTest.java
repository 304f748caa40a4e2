package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.Metadata;

class GeneralMetadataTest {
    @TempDir
    Path folder;

    private Metadata general(String readme) throws IOException {
        Path checkpoint = Files.createDirectories(folder.resolve("Some-Model-7B-Chat-v2"));
        Files.writeString(checkpoint.resolve("README.md"), readme);
        Files.writeString(checkpoint.resolve("config.json"), "{}");
        MetadataFields fields = new MetadataFields("llama");
        GeneralMetadata.write(new CheckpointFiles(checkpoint), 7_000_000_000L, fields);
        return fields.build();
    }

    @Test
    void theFolderSpeaksWhenNothingElseDoes() throws IOException {
        Metadata general = general("# No front matter\n");
        assertThat(general.string("general.name")).isEqualTo("Some Model 7B Chat v2");
        assertThat(general.string("general.basename")).isEqualTo("Some-Model");
        assertThat(general.string("general.finetune")).isEqualTo("Chat");
        assertThat(general.string("general.version")).isEqualTo("v2");
        assertThat(general.string("general.size_label")).isEqualTo("7B");
    }

    @Test
    void originsAreIdsAddressesOrMaps() throws IOException {
        Metadata general = general("""
                ---
                base_model:
                - org/Base-1B-v3
                - https://example.org/somebody/other-model
                - name: given
                  author: somebody
                datasets: [org/words]
                license: [mit, apache-2.0]
                language:
                - no
                ---
                """);
        assertThat(general.integer("general.base_model.count")).isEqualTo(3);
        assertThat(general.string("general.base_model.0.name")).isEqualTo("Base 1B v3");
        assertThat(general.string("general.base_model.0.organization")).isEqualTo("Org");
        assertThat(general.string("general.base_model.0.version")).isEqualTo("v3");
        assertThat(general.has("general.base_model.0.repo_url")).isFalse();
        assertThat(general.string("general.base_model.1.name")).isEqualTo("Other Model");
        assertThat(general.string("general.base_model.1.repo_url"))
                .isEqualTo("https://example.org/somebody/other-model");
        assertThat(general.string("general.base_model.2.author")).isEqualTo("somebody");
        assertThat(general.string("general.dataset.0.name")).isEqualTo("Words");
        assertThat(general.string("general.license")).isEqualTo("mit,apache-2.0");
        assertThat(general.strings("general.languages")).containsExactly("no");
    }

    @Test
    void aMalformedOrHostileCardIsLeftOut() throws IOException {
        String bomb = "a: &a [x, x]\n" + "b: &b [*a, *a]\n".repeat(1)
                + "c: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n".repeat(9);
        for (String card : new String[] {
            "---\nname: [unclosed\n---\n",
            "---\n" + bomb + "---\n",
            "---\n!!java.net.URL [\"x\"]\n---\n",
            "---\n- list\n---\n",
            ""
        }) {
            assertThat(general(card).string("general.name")).as(card).isEqualTo("Some Model 7B Chat v2");
        }
    }
}
