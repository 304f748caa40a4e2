package org.kvant.monitoring;

/**
 * A scrape's answer.
 *
 * @param contentType value of the header {@code Content-Type}
 * @param body UTF-8; owned by the receiver
 */
@SuppressWarnings("ArrayRecordComponent") // Handed on to the network as it is and never compared.
public record Exposition(String contentType, byte[] body) {}
