package org.kvant.gguf;

import java.util.Optional;

/** Checks that the parts of a split file belong together, as {@code llama_model_loader} in {@code llama-model-loader.cpp} does. */
final class SplitFiles {
    private SplitFiles() {}

    /** Number of parts, 1 for a file that is not split. Throws unless the file is the first part and named as such. */
    static int count(GgufPart part) throws GgufException {
        Optional<MetaValue> value = part.metadata().get(SplitNames.COUNT);
        if (value.isEmpty()) {
            return 1;
        }
        int count = u16(part, SplitNames.COUNT);
        if (count <= 1) {
            return 1;
        }
        int no = u16(part, SplitNames.NO);
        if (no != 0) {
            String first = SplitNames.namedAsPart(part.path())
                    ? SplitNames.sibling(part.path(), 0, count).toString()
                    : "the first part, named like " + SplitNames.format("model", 0, count);
            throw new GgufException(part.path(), "", "is part " + (no + 1) + " of " + count, "Open " + first);
        }
        if (!SplitNames.named(part.path(), 0, count)) {
            throw new GgufException(
                    part.path(),
                    "",
                    "is the first of " + count + " parts, but its name does not end in "
                            + SplitNames.format("", 0, count),
                    "Give the parts their original names, so that the others are found");
        }
        return count;
    }

    /** Checks a later part. */
    static void checkPart(GgufPart part, int no, int count) throws GgufException {
        int actualNo = u16(part, SplitNames.NO);
        int actualCount = u16(part, SplitNames.COUNT);
        if (actualNo != no || actualCount != count) {
            throw new GgufException(
                    part.path(),
                    "key '" + SplitNames.NO + "'",
                    "says part " + (actualNo + 1) + " of " + actualCount + ", but the name says part " + (no + 1)
                            + " of " + count,
                    "Give the parts their original names");
        }
    }

    /** Checks the number of tensors over all parts. */
    static void checkTotal(GgufPart first, int tensors) throws GgufException {
        MetaValue value = first.metadata()
                .get(SplitNames.TENSORS)
                .orElseThrow(() -> problem(first, SplitNames.TENSORS, "is missing"));
        if (!(value instanceof MetaValue.I32(int expected))) {
            throw problem(
                    first,
                    SplitNames.TENSORS,
                    "must be i32 but is " + value.type().ggufName());
        }
        if (expected != tensors) {
            throw problem(
                    first, SplitNames.TENSORS, "promises " + expected + " tensors, but the parts hold " + tensors);
        }
    }

    private static int u16(GgufPart part, String key) throws GgufException {
        MetaValue value = part.metadata().get(key).orElseThrow(() -> problem(part, key, "is missing"));
        if (value instanceof MetaValue.U16(int number)) {
            return number;
        }
        throw problem(part, key, "must be u16 but is " + value.type().ggufName());
    }

    private static GgufException problem(GgufPart part, String key, String what) {
        return new GgufException(
                part.path(),
                "key '" + key + "'",
                what,
                "The parts are damaged or do not belong together: fetch them again");
    }
}
