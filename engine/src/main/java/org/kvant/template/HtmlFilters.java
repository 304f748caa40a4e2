package org.kvant.template;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Filters for HTML and URLs. */
final class HtmlFilters {
    private static final Pattern TAGS = Pattern.compile("<!--.*?-->|<[^>]*>", Pattern.DOTALL);
    private static final Pattern ATTRIBUTE_END = Pattern.compile("[ \\t\\n\\x0b\\f\\r/>=]");

    private HtmlFilters() {}

    static void addTo(Map<String, Filters.Filter> filters) {
        filters.put("safe", Filters.plain("safe", value -> new Markup(Repr.str(value))));
        filters.put("escape", Filters.plain("escape", value -> new Markup(Markup.escaped(value))));
        filters.put("e", Filters.plain("e", value -> new Markup(Markup.escaped(value))));
        filters.put("forceescape", Filters.plain("forceescape", value -> new Markup(Markup.escape(Repr.str(value)))));
        filters.put("striptags", Filters.plain("striptags", value -> stripTags(Repr.str(value))));
        filters.put("urlencode", Filters.plain("urlencode", value -> urlEncode(value)));
        filters.put("xmlattr", HtmlFilters::attributes);
    }

    private static String stripTags(String text) {
        String plain = TAGS.matcher(text).replaceAll("");
        List<String> words = new ArrayList<>();
        Splitting.atSpaces(plain, -1, false).forEach(word -> words.add(Types.text(word)));
        return String.join(" ", words)
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&#34;", "\"")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
    }

    private static Object urlEncode(Object value) {
        if (Types.isString(value) || !Sequences.iterable(value)) {
            return quote(Repr.str(value), false);
        }
        List<String> pairs = new ArrayList<>();
        Iterator<Object> items = value instanceof Dict dict
                ? new DictView(dict, DictView.Kind.ITEMS).list().iterator()
                : Sequences.iterate(value);
        while (items.hasNext()) {
            List<Object> pair = Sequences.list(items.next());
            if (pair.size() != 2) {
                throw TemplateException.value("urlencode takes pairs");
            }
            pairs.add(quote(Repr.str(pair.get(0)), true) + "=" + quote(Repr.str(pair.get(1)), true));
        }
        return String.join("&", pairs);
    }

    private static String quote(String text, boolean query) {
        String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("*", "%2A")
                .replace("%7E", "~");
        return query ? encoded : encoded.replace("+", "%20").replace("%2F", "/");
    }

    private static Object attributes(Render render, Object value, Arguments arguments) {
        if (!(value instanceof Dict dict)) {
            throw TemplateException.type("xmlattr takes a dict, not '" + Types.name(value) + "'");
        }
        List<String> shown = new ArrayList<>();
        for (Dict.Item item : dict.items()) {
            if (item.value() == None.NONE || item.value() instanceof Undefined) {
                continue;
            }
            String key = Types.text(item.key());
            if (ATTRIBUTE_END.matcher(key).find()) {
                throw TemplateException.value("Invalid character in attribute name: " + Repr.repr(key));
            }
            shown.add(Markup.escape(key) + "=\"" + Markup.escaped(item.value()) + "\"");
        }
        String text = String.join(" ", shown);
        boolean space = Types.truth(Arguments.or(arguments.bind("xmlattr", "autospace")[0], true));
        render.charge(text.length());
        return space && !text.isEmpty() ? " " + text : text;
    }
}
