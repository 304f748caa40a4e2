package org.kvant.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** Run as a process of its own: writes half of a file and then ends in one of several ways. */
final class WriterChild {
    static final TensorSpec TENSOR = new TensorSpec("big", GgmlType.F32, new long[] {1 << 18, 4});

    private WriterChild() {}

    /** @param args target, then {@code halt}, {@code exit} or {@code full} */
    public static void main(String[] args) throws IOException {
        MemorySegment half = MemorySegment.ofArray(new byte[(int) (TENSOR.bytes() / 2)]);
        try (GgufWriter writer =
                GgufWriter.create(Path.of(args[0]), Metadata.builder().build(), List.of(TENSOR))) {
            writer.begin(TENSOR.name());
            writer.append(half);
            switch (args[1]) {
                case "halt" -> Runtime.getRuntime().halt(3);
                case "exit" -> System.exit(4);
                default -> {
                    writer.append(half);
                    writer.commit();
                }
            }
        } catch (GgufException e) {
            System.out.println(e.getMessage());
            System.exit(5);
        }
    }
}
