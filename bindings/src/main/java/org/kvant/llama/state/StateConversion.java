package org.kvant.llama.state;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.state.SequenceState.Part;
import org.kvant.llama.state.SequenceState.Rows;

/**
 * Carries sequences between two contexts of one model whose caches have different types: one of plain numbers, and one of quantized ones, which
 * llama.cpp rotates by a Hadamard matrix for models whose heads allow it. How is not asked of the library but found by comparing what both contexts
 * computed of the same tokens, so that a form that isn't understood can't become a wrong cache. Immutable; any thread may
 * convert, and several of the common pool do at a time.
 */
public final class StateConversion {
    /** Sizes of the blocks that may have been rotated; 0 for none. llama.cpp takes 64, or for keys the largest that divides a head. */
    private static final int[] ROTATIONS = {0, 64, 128, 256, 512, 1024};

    /** Of the length of a row: quantizing to four bits costs a tenth, a wrong rotation more than the whole length. */
    private static final double ALIKE = 0.3;

    private final Form plain;
    private final Form packed;
    private final int rotationK;
    private final int rotationV;

    /**
     * How a context writes a sequence.
     *
     * @param streams buffers of cells
     * @param parts caches
     */
    private record Form(int streams, int parts, GgmlType typeK, GgmlType typeV) {
        static Form of(SequenceState state) {
            Part first = state.parts().getFirst();
            return new Form(
                    first.streams(),
                    state.parts().size(),
                    first.keys().getFirst().type(),
                    first.values().getFirst().type());
        }
    }

    private StateConversion(Form plain, Form packed, int rotationK, int rotationV) {
        this.plain = plain;
        this.packed = packed;
        this.rotationK = rotationK;
        this.rotationV = rotationV;
    }

    /**
     * Finds out how two contexts' sequences become each other.
     *
     * @param plain what {@code Memory.save} gave of some tokens in the context of plain numbers
     * @param packed of the same tokens in the other one
     * @return nothing if they are not alike in any known way
     */
    public static Optional<StateConversion> between(SavedSequence plain, SavedSequence packed) {
        SequenceState a;
        SequenceState b;
        try {
            a = SequenceState.of(plain.segment());
            b = SequenceState.of(packed.segment());
        } catch (LlamaException e) {
            return Optional.empty();
        }
        if (a.parts().size() != b.parts().size()
                || a.parts().stream().anyMatch(part -> part.keys().isEmpty())
                || b.parts().stream().anyMatch(part -> part.keys().isEmpty())) {
            return Optional.empty();
        }
        for (int k : ROTATIONS) {
            if (alike(plain.segment(), a, packed.segment(), b, true, k)) {
                for (int v : ROTATIONS) {
                    if (alike(plain.segment(), a, packed.segment(), b, false, v)) {
                        return Optional.of(new StateConversion(Form.of(a), Form.of(b), k, v));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static boolean alike(
            MemorySegment plain, SequenceState a, MemorySegment packed, SequenceState b, boolean keys, int rotation) {
        for (int i = 0; i < a.parts().size(); i++) {
            Part one = a.parts().get(i);
            Part other = b.parts().get(i);
            List<Rows> ones = keys ? one.keys() : one.values();
            List<Rows> others = keys ? other.keys() : other.values();
            if (ones.size() != others.size() || !Arrays.equals(one.positions(), other.positions())) {
                return false;
            }
            for (int layer = 0; layer < ones.size(); layer++) {
                Rows x = ones.get(layer);
                Rows y = others.get(layer);
                if (x.width() != y.width() || (rotation > 0 && x.width() % rotation != 0)) {
                    return false;
                }
                int rows = one.positions().length;
                float[] expected = RowConversion.floats(plain, x, rows);
                if (rotation > 0) {
                    Hadamard.transform(expected, expected.length, rotation);
                }
                if (!(distance(expected, RowConversion.floats(packed, y, rows)) < ALIKE)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Relative to the length of the first one. */
    private static double distance(float[] a, float[] b) {
        double difference = 0;
        double length = 0;
        for (int i = 0; i < a.length; i++) {
            difference += (a[i] - b[i]) * (double) (a[i] - b[i]);
            length += a[i] * (double) a[i];
        }
        return length == 0 ? difference : Math.sqrt(difference / length);
    }

    /**
     * From the plain context's form to the other's.
     *
     * @param state what {@code Memory.save} gave of the sequence
     * @param sequence where it will be restored
     * @param known what the other context has of a beginning of it, which is taken over as it is; null for nothing
     * @param arena holds the result; this and the states must be open to all threads
     * @throws LlamaException if the state is of another form, or holds what is no number
     */
    public SavedSequence pack(SavedSequence state, int sequence, @Nullable SavedSequence known, Arena arena) {
        return convert(state.segment(), plain, packed, sequence, known == null ? null : known.segment(), arena);
    }

    /** The other way; parameters and errors as in {@link #pack}. */
    public SavedSequence unpack(SavedSequence state, int sequence, Arena arena) {
        return convert(state.segment(), packed, plain, sequence, null, arena);
    }

    private SavedSequence convert(
            MemorySegment state, Form from, Form to, int sequence, @Nullable MemorySegment known, Arena arena) {
        SequenceState source = SequenceState.of(state);
        SequenceState before = known == null ? null : SequenceState.of(known);
        for (Part part : source.parts()) {
            // A cache without cells says nothing of its types; the next form would be guessed.
            if (part.keys().isEmpty()
                    || part.streams() != from.streams()
                    || part.keys().getFirst().type() != from.typeK()
                    || part.values().getFirst().type() != from.typeV()) {
                throw new LlamaException("a sequence's state has another form than that of its context before");
            }
        }
        if (source.parts().size() != from.parts()
                || (before != null && before.parts().size() != to.parts())) {
            throw new LlamaException("a sequence's state has another number of caches than its context before");
        }
        StateWriter writer = new StateWriter(arena, size(source, to), sequence);
        List<Runnable> layers = new ArrayList<>();
        for (int i = 0; i < source.parts().size(); i++) {
            Part part = source.parts().get(i);
            Part old = before == null ? null : before.parts().get(i);
            RowConversion rows = new RowConversion(part.positions(), old == null ? new int[0] : old.positions());
            writer.begin(part, to.streams());
            for (int layer = 0; layer < part.keys().size(); layer++) {
                Rows row = part.keys().get(layer);
                Rows ready = old == null ? null : old.keys().get(layer);
                MemorySegment target = writer.rows(to.typeK(), row.width());
                layers.add(() -> rows.convert(state, row, known, ready, target, to.typeK(), rotationK));
            }
            for (int layer = 0; layer < part.values().size(); layer++) {
                Rows row = part.values().get(layer);
                Rows ready = old == null ? null : old.values().get(layer);
                MemorySegment target = writer.rows(to.typeV(), row.width());
                layers.add(() -> rows.convert(state, row, known, ready, target, to.typeV(), rotationV));
            }
            writer.end();
        }
        layers.parallelStream().forEach(Runnable::run);
        return new SavedSequence(writer.finished());
    }

    private static long size(SequenceState state, Form to) {
        long size = SequenceState.HEADER;
        for (Part part : state.parts()) {
            // Streams, one number of cells for each, form of the values, layers.
            size += Integer.BYTES * (3L + to.streams()) + (long) SequenceState.CELL * part.positions().length;
            for (Rows rows : part.keys()) {
                size += SequenceState.ROWS_HEADER
                        + part.positions().length * to.typeK().bytes(rows.width());
            }
            for (Rows rows : part.values()) {
                size += SequenceState.ROWS_HEADER
                        + part.positions().length * to.typeV().bytes(rows.width());
            }
        }
        return size;
    }
}
