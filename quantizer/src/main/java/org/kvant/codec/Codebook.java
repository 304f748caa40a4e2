package org.kvant.codec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The sets of points from which the IQ1, IQ2 and IQ3 types choose (ggml-quants.c, {@code kgrid_*}; ggml-common.h,
 * {@code iq*_grid}). A point is written as its {@linkplain #dimensions} coordinates of {@linkplain #bits} bits each, the
 * first lowest; what a coordinate stands for is the type's business. Immutable and usable from any thread.
 */
public enum Codebook {
    /** 2048 points of eight coordinates 0 to 2, for IQ1_S and IQ1_M. */
    IQ1(8, 2, 3),
    IQ2_XXS(8, 2, 2),
    IQ2_XS(8, 2, 2),
    IQ2_S(8, 2, 1),
    /** 256 points of four coordinates 0 to 7. */
    IQ3_XXS(4, 3, 2),
    IQ3_S(4, 3, 3);

    private final int dimensions;
    private final int bits;
    private final int shells;
    private volatile @Nullable CodebookNeighbours neighbours;

    /** @param shells how many of the shortest distances count as near where a point is off the codebook */
    Codebook(int dimensions, int bits, int shells) {
        this.dimensions = dimensions;
        this.bits = bits;
        this.shells = shells;
    }

    /** Values that one point stands for: 8 or 4. */
    public int dimensions() {
        return dimensions;
    }

    /** Bits of a coordinate in a packed point. */
    public int bits() {
        return bits;
    }

    /** Number of points; indices run from 0 in ascending order of the packed points. */
    public int size() {
        return points().length;
    }

    /** The packed point of an index. */
    public int point(int index) {
        return points()[index];
    }

    /** One coordinate of a packed point. */
    public int coordinate(int point, int i) {
        return point >> bits * i & (1 << bits) - 1;
    }

    int shells() {
        return shells;
    }

    char[] points() {
        return Objects.requireNonNull(Tables.POINTS.get(this));
    }

    /** The tables that encoders need and decoders do not; made at the first call, in less than a second. */
    CodebookNeighbours neighbours() {
        CodebookNeighbours made = neighbours;
        if (made == null) {
            synchronized (this) {
                made = neighbours;
                if (made == null) {
                    made = new CodebookNeighbours(this);
                    neighbours = made;
                }
            }
        }
        return made;
    }

    private static final class Tables {
        static final Map<Codebook, char[]> POINTS = read();

        private static Map<Codebook, char[]> read() {
            Map<Codebook, char[]> all = new EnumMap<>(Codebook.class);
            try (var in = Objects.requireNonNull(Codebook.class.getResourceAsStream("codebooks.txt"))) {
                char[] points = {};
                int n = 0;
                for (String line : new String(in.readAllBytes(), StandardCharsets.US_ASCII).split("\n")) {
                    if (line.startsWith("grid ")) {
                        String[] words = line.split(" ");
                        points = new char[Integer.parseInt(words[2])];
                        n = 0;
                        all.put(valueOf(words[1]), points);
                    } else if (!line.startsWith("#")) {
                        for (int i = 0; i < line.length(); i += 4) {
                            points[n++] = (char) HexFormat.fromHexDigits(line, i, i + 4);
                        }
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return all;
        }
    }
}
