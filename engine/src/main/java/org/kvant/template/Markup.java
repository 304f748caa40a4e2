package org.kvant.template;

/** A string that is marked as safe HTML: what is joined to it gets escaped. */
record Markup(String text) {

    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&#34;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    /** The value's text, escaped unless it is marked already. */
    static String escaped(Object value) {
        return value instanceof Markup markup ? markup.text : escape(Repr.str(value));
    }
}
