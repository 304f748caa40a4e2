package org.kvant.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvant.gguf.GgmlType;

/** The codecs work in a JVM that has no Vector API, and on it nothing forces them. */
class ScalarOnlyTest {

    /** Encodes with every type and prints a digest. */
    public static final class Child {
        private Child() {}

        public static void main(String[] args) {
            System.out.println("vectors: " + Codecs.vectorModule());
            System.out.println("digest: " + digest());
        }
    }

    private static int digest() {
        float[] x = new float[1024];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i * i);
        }
        int digest = 0;
        for (GgmlType type : GgmlType.values()) {
            if (Codecs.canEncode(type)) {
                byte[] bytes = new byte[(int) type.bytes(x.length)];
                float[] importance = new float[512];
                Arrays.fill(importance, 1);
                Codecs.of(type).encode(x, 0, MemorySegment.ofArray(bytes), 0, 2, 512, importance);
                digest = digest * 31 + Arrays.hashCode(bytes);
            }
        }
        return digest;
    }

    private static String run(String... options) throws IOException, InterruptedException {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(java, "-cp", path));
        command.addAll(Arrays.asList(options));
        command.add(Child.class.getName());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @Test
    void worksWithoutTheIncubatorModule() throws IOException, InterruptedException {
        assertThat(run()).contains("vectors: false", "digest: " + digest());
    }

    @Test
    void obeysTheProperty() throws IOException, InterruptedException {
        assertThat(run("--add-modules", "jdk.incubator.vector", "-Dkvant.codec=vector"))
                .contains("vectors: true", "digest: " + digest());
        assertThat(run("--add-modules", "jdk.incubator.vector", "-Dkvant.codec=scalar", "-verbose:class"))
                .contains("digest: " + digest())
                .doesNotContain("org.kvant.codec.vector.VectorKernels ");
    }
}
