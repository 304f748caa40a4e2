package org.kvant.codec;

/** Encodes one block so that the weighted squared error becomes small. Holds scratch: for one thread. */
interface BlockFit {

    /**
     * @param weights one a value, at least 0, from 0 on; not all 0
     * @return whether {@code y} holds an encoding; false where the library's is to stay
     */
    boolean encode(float[] x, int xo, float[] weights, byte[] y, int yo);
}
