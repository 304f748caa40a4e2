package org.kvant.engine;

/** Shares a budget of tokens among prompts: max-min fair, so that short ones get through and long ones get equal parts of what is left. */
final class FairShare {
    private FairShare() {}

    /**
     * @param wants tokens that each could use, 0 or more
     * @param count how many entries of {@code wants} count
     * @param budget tokens to give away
     * @param first index whose turn it is to get a token that can't be divided
     * @param shares gets each one's part, at most what it wants
     */
    static void split(int[] wants, int count, int budget, int first, int[] shares) {
        int hungry = 0;
        for (int i = 0; i < count; i++) {
            shares[i] = 0;
            if (wants[i] > 0) {
                hungry++;
            }
        }
        int left = budget;
        while (hungry > 0 && left > 0) {
            int part = Math.max(1, left / hungry);
            for (int turn = 0; turn < count && left > 0; turn++) {
                int i = (first + turn) % count;
                int given = Math.min(Math.min(part, wants[i] - shares[i]), left);
                if (given > 0) {
                    shares[i] += given;
                    left -= given;
                    if (shares[i] == wants[i]) {
                        hungry--;
                    }
                }
            }
        }
    }
}
