package org.kvant.round;

/** Where in a block's bytes its scales and codes stand. */
interface Layout {

    /** Writes block b of a code, whose columns stand as stored. */
    void pack(Code code, int b, Levels levels, byte[] y, int yo);

    /** Reads block b; steps and offsets are not set. */
    void unpack(byte[] y, int yo, Levels levels, Code code, int b);
}
