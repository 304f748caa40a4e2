package org.kvant.gguf;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/** Where each tensor's data goes in the files of a writer, and how much of it is still to come. Thread-safe. */
final class TensorPlaces {
    /**
     * One tensor.
     *
     * @param part index of its file
     * @param offset of its data from the start of that file
     */
    record Place(TensorSpec tensor, int part, long offset) {}

    private final List<Place> places = new ArrayList<>();
    private final long[] sizes;
    private final AtomicLongArray missing;

    /** @param dataStarts where the data section of each part begins */
    TensorPlaces(List<List<TensorSpec>> parts, long[] dataStarts, int[] alignments) {
        sizes = dataStarts.clone();
        for (int part = 0; part < sizes.length; part++) {
            for (TensorSpec tensor : parts.get(part)) {
                places.add(new Place(tensor, part, sizes[part]));
                sizes[part] += GgufParser.padded(tensor.bytes(), alignments[part]);
            }
        }
        missing = new AtomicLongArray(places.size());
        for (int i = 0; i < places.size(); i++) {
            missing.set(i, places.get(i).tensor().bytes());
        }
    }

    /** The place of the tensor with this index in declared order, checked to have room for the bytes. */
    Place claim(int index, long offset, long bytes) {
        Place place = places.get(index);
        TensorSpec tensor = place.tensor();
        if (offset < 0 || bytes > tensor.bytes() - offset || missing.addAndGet(index, -bytes) < 0) {
            throw new IllegalArgumentException("tensor '" + tensor.name() + "' has " + tensor.bytes()
                    + " bytes, but got " + bytes + " more at " + offset + ", beyond its end or twice");
        }
        return place;
    }

    /** Size of each complete file. */
    long size(int part) {
        return sizes[part];
    }

    /** Throws unless every byte has come. */
    void requireComplete() {
        for (int i = 0; i < places.size(); i++) {
            if (missing.get(i) != 0) {
                throw new IllegalStateException(
                        "tensor '" + places.get(i).tensor().name() + "' lacks " + missing.get(i) + " bytes");
            }
        }
    }
}
