package org.kvant.chat;

import org.kvant.api.common.ApiException;

/** Makes the prompt of a chat. Thread-safe. */
@FunctionalInterface
public interface ChatPrompts {
    /** @throws ApiException with status 400 if these messages cannot be put into the model's form */
    String prompt(Conversation request) throws ApiException;
}
