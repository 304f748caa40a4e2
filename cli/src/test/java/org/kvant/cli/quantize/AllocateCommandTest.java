package org.kvant.cli.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.cli.Main;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.TinyModel;
import picocli.CommandLine;

/** {@code kvant quantize} under statistics, with types that it chooses itself. */
class AllocateCommandTest {
    @TempDir
    static Path shared;

    private static String model = "";
    private static String stats = "";
    private static String text = "";

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void calibrate() throws IOException {
        model = TinyModel.llama().write(shared.resolve("tiny.gguf")).toString();
        text = Files.writeString(
                        shared.resolve("text.txt"), "the quick brown fox jumps over the lazy dog. ".repeat(300))
                .toString();
        stats = calibrated(model, "stats.gguf", "--gradient");
    }

    private static String calibrated(String model, String name, String... more) {
        String target = shared.resolve(name).toString();
        List<String> all = new ArrayList<>(List.of("calibrate", model, "--text", text, "-o", target, "-q", "-t", "1"));
        all.addAll(List.of("--chunks", "9", "--chunk-size", "32"));
        all.addAll(List.of(more));
        assertThat(Main.commandLine("calibrate").execute(all.toArray(String[]::new)))
                .isZero();
        return target;
    }

    private int run(String... arguments) {
        err.getBuffer().setLength(0);
        out.getBuffer().setLength(0);
        List<String> all = new ArrayList<>(List.of("quantize"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("-q", "-t", "1"));
        CommandLine command = Main.commandLine("quantize");
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(all.toArray(String[]::new));
    }

    private Path target(String name) {
        return folder.resolve(name);
    }

    private void succeeds(Path target, String... options) {
        List<String> all = new ArrayList<>(List.of(model, target.toString()));
        all.addAll(List.of(options));
        assertThat(run(all.toArray(String[]::new))).as(err.toString()).isZero();
        assertThat(target).isRegularFile();
    }

    private String fails(String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of(model, target("no.gguf").toString()));
        all.addAll(List.of(options));
        assertThat(run(all.toArray(String[]::new))).as(all.toString()).isEqualTo(2);
        assertThat(err.toString()).doesNotContain("\tat ");
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())))
                    .doesNotContain("no.gguf", "no.yaml")
                    .noneMatch(name -> name.endsWith(".part"));
        }
        return err.toString();
    }

    @Test
    void aSizeIsKeptAndTheFileSaysHowItWasMade() throws IOException {
        Path target = target("out.gguf");
        long size = Files.size(Path.of(model)) / 4;
        succeeds(target, "--stats", stats, "--size", Long.toString(size));
        assertThat(Files.size(target)).isBetween(size * 9 / 10, size);
        try (GgufFile file = GgufFile.open(target)) {
            assertThat(file.metadata().string("kvant.version")).startsWith("kvant ");
            assertThat(file.metadata().string("kvant.recipe")).contains("size: " + size, "statistics: stats.gguf");
            assertThat(file.metadata().string("kvant.recipe")).doesNotContain(shared.toString());
            long chosen = file.tensors().stream()
                    .filter(tensor -> tensor.type().quantized())
                    .count();
            assertThat(file.metadata().floats("kvant.quantize.loss")).hasSize((int) chosen);
        }
    }

    @Test
    void bitsAreKeptAndOnlyTheNamedTypesAreUsed() throws IOException {
        Path target = target("out.gguf");
        succeeds(target, "--stats", stats, "--bpw", "6", "--types", "q4_0,q8_0", "--tensor-type", "attn_v=q5_1");
        try (GgufFile file = GgufFile.open(target)) {
            double bits = file.tensors().stream().mapToLong(TensorInfo::bytes).sum()
                    * 8.0
                    / file.tensors().stream().mapToLong(TensorInfo::elements).sum();
            assertThat(bits).isBetween(5.5, 6.0);
            for (TensorInfo tensor : file.tensors()) {
                if (tensor.type().quantized()) {
                    assertThat(tensor.type())
                            .isIn(
                                    tensor.name().contains("attn_v")
                                            ? List.of(GgmlType.Q5_1)
                                            : List.of(GgmlType.Q4_0, GgmlType.Q8_0));
                }
            }
        }
    }

    @Test
    void aPresetIsRoundedUnderStatistics() throws IOException {
        Path target = target("out.gguf");
        Path plain = target("plain.gguf");
        succeeds(target, "--stats", stats, "--type", "Q4_0");
        succeeds(plain, "--type", "Q4_0");
        try (GgufFile ours = GgufFile.open(target);
                GgufFile theirs = GgufFile.open(plain)) {
            assertThat(ours.metadata().string("kvant.quantize.statistics")).isEqualTo("stats.gguf");
            assertThat(ours.tensors().stream().map(tensor -> tensor.name() + tensor.type()))
                    .containsExactlyElementsOf(theirs.tensors().stream()
                            .map(tensor -> tensor.name() + tensor.type())
                            .toList());
            TensorInfo tensor = ours.tensor("blk.0.attn_q.weight").orElseThrow();
            assertThat(ours.data(tensor)
                            .mismatch(theirs.data(theirs.tensor(tensor.name()).orElseThrow())))
                    .isNotNegative();
        }
        assertThat(target("out.gguf.rounded")).doesNotExist();
    }

    @Test
    void aDryRunPredictsAndWritesNoModel() throws IOException {
        assertThat(run(model, "--stats", stats, "--bpw", "5", "--dry-run"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .containsPattern("role +tensors +bytes +bpw +KLD +types")
                .containsPattern("token_embd +1 ")
                .containsPattern("ffn_down +2 ")
                .containsPattern("[\\d,]+ bytes \\(.*\\), [45]\\.\\d{3} bits a weight, predicted KLD 0\\.\\d{4}");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
        Path recipe = target("recipe.yaml");
        assertThat(run(
                        model,
                        "--stats",
                        stats,
                        "--bpw",
                        "5",
                        "--no-probes",
                        "--dry-run",
                        "--write-recipe",
                        recipe.toString()))
                .isZero();
        Path predicted = target("predicted.gguf");
        Path chosen = target("chosen.gguf");
        succeeds(predicted, "--recipe", recipe.toString(), "--no-probes");
        succeeds(chosen, "--stats", stats, "--bpw", "5", "--no-probes");
        assertThat(predicted).hasSameBinaryContentAs(chosen);
    }

    @Test
    void aRecipeRepeatsAChoiceAndAPreset() throws IOException {
        for (List<String> how :
                List.of(List.of("--bpw", "5"), List.of("--type", "Q4_0", "--tensor-type", "ffn=q8_0"))) {
            Path first = target("first.gguf");
            Path recipe = target("recipe.yaml");
            List<String> options = new ArrayList<>(List.of("--stats", stats, "--write-recipe", recipe.toString()));
            options.addAll(how);
            succeeds(first, options.toArray(String[]::new));
            Path second = target("second.gguf");
            succeeds(second, "--recipe", recipe.toString());
            assertSameTensors(second, first);
        }
        Path recipe = target("sequential.yaml");
        succeeds(
                target("sequential.gguf"),
                "--stats",
                stats,
                "--type",
                "Q4_0",
                "--activations",
                "quantized",
                "--write-recipe",
                recipe.toString());
        assertThat(recipe).content().contains("activations: quantized");
        succeeds(target("repeated.gguf"), "--recipe", recipe.toString());
        assertSameTensors(target("repeated.gguf"), target("sequential.gguf"));
        try (GgufFile file = GgufFile.open(target("repeated.gguf"))) {
            assertThat(file.metadata().string("kvant.quantize.activations")).isEqualTo("quantized");
        }
        // The command line goes before the recipe.
        Path third = target("third.gguf");
        succeeds(third, "--recipe", target("recipe.yaml").toString(), "--type", "Q8_0");
        try (GgufFile file = GgufFile.open(third)) {
            assertThat(file.tensor("blk.0.attn_q.weight").orElseThrow().type()).isEqualTo(GgmlType.Q8_0);
        }
    }

    /** Where types are fixed, probes may predict another divergence, which is in the metadata. */
    private static void assertSameTensors(Path actual, Path expected) throws IOException {
        try (GgufFile a = GgufFile.open(actual);
                GgufFile b = GgufFile.open(expected)) {
            assertThat(a.tensors()).isEqualTo(b.tensors()).isNotEmpty();
            for (TensorInfo tensor : a.tensors()) {
                assertThat(a.data(tensor).mismatch(b.data(tensor)))
                        .as(tensor.name())
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void aDivergenceIsMeasuredAndKept() throws IOException {
        Path target = target("out.gguf");
        succeeds(target, "--stats", stats, "--max-kld", "0.02", "--text", text, "--chunks", "1");
        StringWriter figures = new StringWriter();
        CommandLine evaluate = Main.commandLine("evaluate");
        evaluate.setOut(new PrintWriter(figures, true));
        Path json = target("figures.json");
        assertThat(evaluate.execute(
                        "evaluate",
                        target.toString(),
                        "--reference",
                        model,
                        "--text",
                        text,
                        "--chunks",
                        "1",
                        "--json",
                        json.toString(),
                        "-q",
                        "-t",
                        "1"))
                .isZero();
        Matcher mean = Pattern.compile("\"kld_mean\" : ([\\d.Ee-]+)").matcher(Files.readString(json));
        assertThat(mean.find()).isTrue();
        assertThat(Double.parseDouble(mean.group(1))).isPositive().isLessThanOrEqualTo(0.02);
        assertThat(fails("--stats", stats, "--max-kld", "1e-9", "--types", "q4_0", "--text", text, "--chunks", "1"))
                .contains("can't be had", "it is still", "--types");
    }

    @Test
    void aSpeedIsMeasuredAndKept() throws IOException {
        Path recipe = target("recipe.yaml");
        assertThat(run(
                        model,
                        "--stats",
                        stats,
                        "--min-speed",
                        "0.5",
                        "--bpw",
                        "6",
                        "--types",
                        "q4_0,q8_0",
                        "--dry-run",
                        "--write-recipe",
                        recipe.toString()))
                .as(err.toString())
                .isZero();
        Matcher speed =
                Pattern.compile("([\\d.]+) of the fastest choice's speed").matcher(out.toString());
        assertThat(speed.find()).as(out.toString()).isTrue();
        assertThat(Double.parseDouble(speed.group(1))).isBetween(0.5, 1.0);
        assertThat(recipe).content().contains("min-speed: 0.5");
    }

    @Test
    void budgetsThatCannotBeMetSayWhatCould() throws IOException {
        String tooSmall = fails("--stats", stats, "--size", "1000", "--types", "q4_0,q8_0");
        Matcher least = Pattern.compile("--size (\\d+) or more").matcher(tooSmall);
        assertThat(least.find()).as(tooSmall).isTrue();
        Path smallest = target("smallest.gguf");
        succeeds(smallest, "--stats", stats, "--size", least.group(1), "--types", "q4_0,q8_0");
        assertThat(Files.size(smallest)).isLessThanOrEqualTo(Long.parseLong(least.group(1)));
        assertThat(fails("--stats", stats, "--bpw", "1", "--types", "q4_0"))
                .containsPattern("1\\.000 bits a weight can't be had: the candidate types give at least [45]\\.\\d{3}");
        assertThat(fails("--stats", stats, "--bpw", "5", "--types", "q4_k")).contains("rows of 64", "blocks of 32");
    }

    @Test
    void combinationsWithoutSenseAreRefused() throws IOException {
        assertThat(fails("--stats", stats, "--type", "Q4_0", "--size", "1MB")).contains("exclude each other");
        assertThat(fails("--stats", stats, "--bpw", "4", "--max-kld", "1")).contains("exclude each other");
        assertThat(fails("--stats", stats, "--bpw", "-4")).contains("must be positive");
        assertThat(fails("--stats", stats, "--bpw", "NaN")).contains("must be positive");
        assertThat(fails("--stats", stats, "--min-speed", "1.5")).contains("from 0 to 1");
        assertThat(fails("--stats", stats, "--size", "60 elephants")).contains("60 elephants");
        assertThat(fails("--stats", stats, "--bpw", "4", "--types", "q4_0,q9")).contains("there is no type 'q9'");
        assertThat(fails("--stats", stats, "--type", "Q4_0", "--types", "q4_0")).contains("--types are to choose from");
        assertThat(fails("--stats", stats, "--type", "Q4_0", "--text", text)).contains("kvant evaluate");
        assertThat(fails("--stats", stats, "--type", "Q4_0", "--no-probes")).contains("--no-probes");
        assertThat(fails("--stats", stats, "--bpw", "4", "--chunks", "3")).contains("name one");
        assertThat(fails("--stats", stats, "--bpw", "4", "--text", text, "--chunks", "-1"))
                .contains("negative");
        assertThat(fails("--stats", stats, "--bpw", "4", "--text", "none.txt")).contains("none.txt: no such file");
        assertThat(fails("--stats", stats, "--bpw", "4", "--pure")).contains("--pure is for a preset");
        assertThat(fails("--stats", stats, "--bpw", "4", "--split-max-tensors", "3"))
                .contains("a budget is for one file");
        assertThat(fails("--bpw", "4")).contains("--stats", "--imatrix");
        assertThat(fails("--stats", stats)).contains("--size", "--recipe");
        assertThat(fails("--stats", stats, "--bpw", "4", "--tensor-type", "attn_v=q4_k"))
                .contains("can't become Q4_K", "rows of 64");
    }

    @Test
    void recipesAreWrittenWholeOrNotAtAll() throws IOException {
        String absent = target("none/no.yaml").toString();
        assertThat(fails("--stats", stats, "--bpw", "5", "--write-recipe", absent))
                .contains("does not exist");
        byte[] before = Files.readAllBytes(Path.of(stats));
        assertThat(fails("--stats", stats, "--bpw", "5", "--write-recipe", stats))
                .contains("stats.gguf", "--write-recipe");
        assertThat(Files.readAllBytes(Path.of(stats))).isEqualTo(before);
        assertThat(fails(
                        "--stats",
                        stats,
                        "--bpw",
                        "5",
                        "--write-recipe",
                        target("no.gguf").toString()))
                .contains("--write-recipe");
        assertThat(fails(
                        "--stats",
                        stats,
                        "--type",
                        "Q4_0",
                        "--pure",
                        "--write-recipe",
                        target("no.yaml").toString()))
                .contains("can't repeat --pure");
        // What fails later leaves the recipe that was there.
        Path recipe = Files.writeString(target("old.yaml"), "preset: Q4_0\n");
        assertThat(fails("--stats", stats, "--size", "1000", "--write-recipe", recipe.toString()))
                .contains("can't be had");
        assertThat(recipe).hasContent("preset: Q4_0\n");
        assertThat(fails(
                        "--recipe",
                        Files.writeString(target("bad.yaml"), "sizes: 3\n").toString()))
                .contains("bad.yaml", "'sizes'", "size");
        assertThat(fails("--recipe", target("absent.yaml").toString())).contains("absent.yaml: no such file");
    }

    @Test
    void statisticsThatDoNotFitAreRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of(stats));
        for (String[] how : List.of(new String[] {"--bpw", "5"}, new String[] {"--type", "Q4_0"})) {
            for (int length : new int[] {0, 100, bytes.length / 2, bytes.length - 64}) {
                Path cut = Files.write(target("cut.gguf"), Arrays.copyOf(bytes, length));
                assertThat(fails("--stats", cut.toString(), how[0], how[1])).contains("cut.gguf");
            }
            byte[] flipped = bytes.clone();
            // In a moment, where no structure would betray it.
            try (GgufFile file = GgufFile.open(Path.of(stats))) {
                TensorInfo moment =
                        file.tensor("blk.1.ffn_up.weight.gradient_moment").orElseThrow();
                TensorInfo last = file.tensors().getLast();
                long data = bytes.length - last.offset() - (last.bytes() + 31) / 32 * 32;
                flipped[Math.toIntExact(data + moment.offset() + moment.bytes() / 2)] ^= 1;
            }
            Path damaged = Files.write(target("damaged.gguf"), flipped);
            assertThat(fails("--stats", damaged.toString(), how[0], how[1]))
                    .contains("damaged.gguf", "blk.1.ffn_up.weight.gradient_moment", "calibrate again");
            assertThat(fails("--stats", model, how[0], how[1])).contains("tiny.gguf", "--gradient");
            assertThat(fails("--stats", target("absent.gguf").toString(), how[0], how[1]))
                    .contains("absent.gguf");
        }
        String diagonal = calibrated(model, "diagonal.gguf");
        Path cut = Files.write(target("cut.gguf"), Arrays.copyOf(Files.readAllBytes(Path.of(diagonal)), 4000));
        assertThat(fails("--stats", cut.toString(), "--bpw", "5")).contains("cut.gguf", "calibrate again");
        assertThat(fails("--stats", diagonal, "--bpw", "5", "--activations", "QUANTIZED"))
                .contains("diagonal.gguf", "--gradient", "--activations");
        assertThat(fails("--stats", diagonal, "--max-kld", "0.1")).contains("diagonal.gguf", "--text");
        succeeds(target("by-diagonal.gguf"), "--stats", diagonal, "--type", "Q4_0");
        succeeds(target("for-size.gguf"), "--stats", calibrated(model, "full.gguf", "--full"), "--bpw", "5");
        String other = TinyModel.qwen3().write(shared.resolve("other.gguf")).toString();
        String others = calibrated(other, "others.gguf", "--gradient");
        assertThat(fails("--stats", others, "--bpw", "5")).contains("others.gguf", "another model", "kvant calibrate");
        // An importance matrix can be chosen by as well, without a divergence.
        Path target = target("weighted.gguf");
        succeeds(target, "--imatrix", diagonal, "--bpw", "5");
    }
}
