package org.kvant.api.common;

/** Checks token ids of requests. */
public final class Vocabularies {
    private Vocabularies() {}

    /**
     * @param size tokens of the vocabulary
     * @throws ApiException with status 400 if an id is outside it
     */
    public static void check(int[] ids, int size, String path) throws ApiException {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] >= size) {
                String where = path + "[" + i + "]";
                throw new ApiException(ApiError.invalid(
                        "Invalid value for '" + where + "': there is no token " + ids[i] + "; this model's ids end at "
                                + (size - 1) + ".",
                        where,
                        "invalid_token"));
            }
        }
    }
}
