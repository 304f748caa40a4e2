package org.kvant.llama.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Holds the generated layouts and constants to what the C compiler makes of the pinned headers. The headers are those in
 * {@code native/lib/headers}, or where {@code -Dkvant.headers.dir} says.
 */
class LayoutTest {
    @TempDir
    private static Path folder;

    /** What the compiler says: for {@code struct.member} offset and size, for {@code struct} size and alignment, for a constant its value. */
    private static Map<String, String> compiler = Map.of();

    @BeforeAll
    static void askTheCompiler() throws Exception {
        Path headers = headers();
        Path source = folder.resolve("layouts.c");
        Path program = folder.resolve("layouts");
        Files.writeString(source, program());
        run(List.of(compilerCommand(), "-w", "-I", headers.toString(), "-o", program.toString(), source.toString()));
        Map<String, String> said = new TreeMap<>();
        for (String line : run(List.of(program.toString())).split("\n")) {
            int space = line.indexOf(' ');
            said.put(line.substring(0, space), line.substring(space + 1));
        }
        compiler = said;
    }

    @Test
    void structsHaveTheSizesAndOffsetsOfTheCompiler() throws Exception {
        Map<String, String> generated = new TreeMap<>();
        for (Class<?> struct : structs()) {
            GroupLayout layout = layout(struct);
            generated.put(struct.getSimpleName(), layout.byteSize() + " " + layout.byteAlignment());
            for (MemoryLayout member : layout.memberLayouts()) {
                member.name()
                        .ifPresent(name -> generated.put(
                                struct.getSimpleName() + "." + name,
                                layout.byteOffset(PathElement.groupElement(name)) + " " + member.byteSize()));
            }
        }
        Map<String, String> wanted = new TreeMap<>(compiler);
        wanted.keySet().removeIf(key -> key.startsWith("="));
        assertThat(generated).isEqualTo(wanted);
        assertThat(generated)
                .containsKeys(
                        "llama_context_params.cb_eval",
                        "ggml_tensor.src",
                        "llama_context_params.type_k",
                        "llama_model_params",
                        "llama_batch.seq_id");
    }

    @Test
    void constantsHaveTheValuesOfTheCompiler() throws Exception {
        Map<String, String> generated = new TreeMap<>();
        for (Method constant : constants()) {
            generated.put("=" + constant.getName(), constant.invoke(null).toString());
        }
        Map<String, String> wanted = new TreeMap<>(compiler);
        wanted.keySet().removeIf(key -> !key.startsWith("="));
        assertThat(generated).isEqualTo(wanted);
        assertThat(generated).hasSizeGreaterThan(60);
    }

    @Test
    void everyTypeOfGgmlIsKnownToTheFormat() throws Exception {
        for (Method constant : constants()) {
            if (constant.getName().matches("GGML_TYPE_(?!COUNT).+")) {
                int id = (int) constant.invoke(null);
                assertThat(org.kvant.gguf.GgmlType.ofId(id))
                        .as(constant.getName())
                        .hasValueSatisfying(
                                t -> assertThat("GGML_TYPE_" + t.name()).isEqualTo(constant.getName()));
            }
        }
    }

    private static Path headers() {
        String root = System.getProperty("kvant.root", "");
        Path headers = Path.of(System.getProperty("kvant.headers.dir", root + "/native/lib/headers"));
        if (!Files.isRegularFile(headers.resolve("llama.h"))) {
            fail("no llama.h in " + headers + ": run native/source.sh, as 'make test' does");
        }
        return headers;
    }

    private static String compilerCommand() {
        for (String name : new String[] {"cc", "gcc", "clang"}) {
            for (String entry : System.getenv("PATH").split(":")) {
                if (Files.isExecutable(Path.of(entry, name))) {
                    return name;
                }
            }
        }
        return fail("no C compiler on the PATH: install one (Debian: apt-get install gcc)");
    }

    private static String program() throws Exception {
        StringBuilder c =
                new StringBuilder("#include <stdio.h>\n#include <stddef.h>\n#include \"llama.h\"\nint main(void) {\n");
        for (Class<?> struct : structs()) {
            String name = struct.getSimpleName();
            c.append("printf(\"")
                    .append(name)
                    .append(" %zu %zu\\n\", sizeof(struct ")
                    .append(name);
            c.append("), _Alignof(struct ").append(name).append("));\n");
            for (MemoryLayout member : layout(struct).memberLayouts()) {
                member.name()
                        .ifPresent(m -> c.append("printf(\"" + name + "." + m + " %zu %zu\\n\", offsetof(struct " + name
                                + ", " + m + "), sizeof(((struct " + name + " *) 0)->" + m + "));\n"));
            }
        }
        for (Method constant : constants()) {
            String name = constant.getName();
            c.append("printf(\"=")
                    .append(name)
                    .append(" %d\\n\", (int) ")
                    .append(name)
                    .append(");\n");
        }
        return c.append("return 0;\n}\n").toString();
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
        return output;
    }

    private static GroupLayout layout(Class<?> struct) throws ReflectiveOperationException {
        return (GroupLayout) struct.getMethod("layout").invoke(null);
    }

    private static List<Class<?>> structs() throws Exception {
        Path classes = Path.of(llama_h.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        List<Class<?>> structs = new ArrayList<>();
        try (Stream<Path> files = Files.list(classes.resolve("org/kvant/llama/ffi"))) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".class") && !name.contains("$")) {
                    Class<?> type = Class.forName("org.kvant.llama.ffi." + name.substring(0, name.length() - 6));
                    if (Stream.of(type.getMethods()).anyMatch(m -> m.getName().equals("layout"))) {
                        structs.add(type);
                    }
                }
            }
        }
        return structs;
    }

    private static List<Method> constants() {
        return Stream.of(llama_h.class.getMethods())
                .filter(m -> m.getName().matches("(LLAMA|GGML)_[A-Z0-9_]+") && m.getParameterCount() == 0)
                .sorted((a, b) -> a.getName().compareTo(b.getName()))
                .toList();
    }
}
