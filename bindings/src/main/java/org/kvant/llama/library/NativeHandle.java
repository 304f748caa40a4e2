package org.kvant.llama.library;

import java.lang.foreign.MemorySegment;

/**
 * A native object in the hands of the packages of {@code org.kvant.llama}: what a public class gives to its neighbours where a segment would be public.
 *
 * @param segment as long as its owner is open; who frees it is the owner's affair
 */
public record NativeHandle(MemorySegment segment) {}
