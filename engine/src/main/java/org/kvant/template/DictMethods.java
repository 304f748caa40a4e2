package org.kvant.template;

import java.util.Set;

/** Methods of dicts that change nothing. */
final class DictMethods {
    private static final Set<String> NAMES = Set.of("get", "keys", "values", "items", "copy");

    private DictMethods() {}

    static boolean has(String name) {
        return NAMES.contains(name);
    }

    static Callable bound(Dict dict, String name) {
        if (name.equals("get")) {
            return (_, arguments) -> {
                Object[] given = arguments.positional("get", 1, 2);
                return Arguments.or(dict.get(given[0]), given.length > 1 ? given[1] : None.NONE);
            };
        }
        return (_, arguments) -> {
            arguments.positional(name, 0, 0);
            return switch (name) {
                case "keys" -> new DictView(dict, DictView.Kind.KEYS);
                case "values" -> new DictView(dict, DictView.Kind.VALUES);
                case "items" -> new DictView(dict, DictView.Kind.ITEMS);
                default -> new Dict(dict);
            };
        };
    }
}
