package org.kvant.benchmarks.peer;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Prompts whose answers a model mostly finds in them. */
enum RepetitiveText {
    /** A list that goes on. */
    JSON("[\n" + repeated(12, "  {\"id\": %1$d, \"name\": \"item %1$d\", \"price\": 10, \"in_stock\": true},\n")),
    /** A file that is copied. */
    CODE("# file a.py\n" + Listing.TEXT + "\n# file b.py, a copy of a.py\n" + Listing.TEXT.substring(0, 60)),
    /** A configuration that goes on. */
    XML("<servers>\n"
            + repeated(
                    6,
                    "  <server id=\"%1$d\">\n    <host>node%1$d.example.org</host>\n    <port>8080</port>\n"
                            + "    <enabled>true</enabled>\n  </server>\n")),
    /** A paragraph that comes again. */
    PROSE(Listing.PROSE + Listing.PROSE + Listing.PROSE.substring(0, 40));

    private final String text;

    RepetitiveText(String text) {
        this.text = text;
    }

    /** The prompt as a JSON string has it, without quotes. */
    String escaped() {
        return text.replace("\"", "\\\"").replace("\n", "\\n");
    }

    private static String repeated(int times, String format) {
        return IntStream.rangeClosed(1, times).mapToObj(format::formatted).collect(Collectors.joining());
    }

    private static final class Listing {
        static final String TEXT = """
                def load_items(path):
                    items = []
                    with open(path) as handle:
                        for line in handle:
                            name, price, count = line.strip().split(",")
                            items.append({"name": name, "price": float(price), "count": int(count)})
                    return items


                def total_value(items):
                    total = 0.0
                    for item in items:
                        total += item["price"] * item["count"]
                    return total


                def cheapest(items):
                    best = None
                    for item in items:
                        if best is None or item["price"] < best["price"]:
                            best = item
                    return best
                """;

        static final String PROSE =
                "The committee met on Monday to discuss the new harbour wall. It was agreed that the wall should"
                        + " be forty metres long and made of granite from the quarry at Westham. The mayor promised that the work would"
                        + " begin before the first of May and that no fishing boat would have to leave its berth. ";
    }
}
