package org.kvant.network;

/**
 * Which tokens the rows of a matrix of activations belong to.
 *
 * @param count rows that are filled; the arrays may be longer
 * @param chunk each row's chunk
 * @param position each row's position in its chunk
 */
public record Rows(int count, int[] chunk, int[] position) {}
