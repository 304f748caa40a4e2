package org.kvant.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kvant.gguf.GgmlType;

/**
 * A colour for every type: a hue for each whole number of bits a weight, dark for few and light for many (viridis), so that they are told apart
 * without colour, too; shades of it for types of about the same bits; grey for what is not quantized.
 */
final class TypeColours {
    private static final String PLAIN = "#8d8f96";
    private static final String[] HUES = {"#440154", "#443983", "#31688e", "#1f9e89", "#5ec962", "#b5de2b", "#fde725"};
    private static final int WHITE = 0xffffff;

    private final Map<GgmlType, String> colours =
            new TreeMap<>(Comparator.comparingDouble(GgmlType::bitsPerWeight).thenComparing(Comparator.naturalOrder()));

    TypeColours(Collection<GgmlType> types) {
        types.forEach(type -> colours.put(type, PLAIN));
        Map<Integer, List<GgmlType>> classes = new HashMap<>();
        for (GgmlType type : colours.keySet()) {
            if (type.quantized()) {
                classes.computeIfAbsent(hue(type), hue -> new ArrayList<>()).add(type);
            }
        }
        classes.forEach((hue, members) -> {
            for (int i = 0; i < members.size(); i++) {
                // From a little darker to a good deal lighter than the hue itself.
                double shade = members.size() == 1 ? 0 : -0.25 + 0.75 * i / (members.size() - 1);
                colours.put(members.get(i), mixed(HUES[hue], shade));
            }
        });
    }

    /** Index of the hue: 1 bit and less, 2, 3, 4, 5, 6, more. */
    private static int hue(GgmlType type) {
        return Math.clamp((int) type.bitsPerWeight() - 1, 0, HUES.length - 1);
    }

    /** @param shade from -1, black, to 1, white */
    private static String mixed(String colour, double shade) {
        int from = Integer.parseInt(colour.substring(1), 16);
        int to = shade < 0 ? 0 : WHITE;
        int mixed = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int a = from >> shift & 0xFF;
            int b = to >> shift & 0xFF;
            mixed |= (int) Math.round(a + Math.abs(shade) * (b - a)) << shift;
        }
        return Html.format("#%06x", mixed);
    }

    String of(GgmlType type) {
        return colours.getOrDefault(type, PLAIN);
    }

    /** From few bits to many. */
    List<GgmlType> types() {
        return List.copyOf(colours.keySet());
    }
}
