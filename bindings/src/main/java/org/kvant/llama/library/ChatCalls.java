package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.kvant.llama.ffi.llama_chat_message;
import org.kvant.llama.ffi.llama_h;

/** {@code llama_chat_apply_template}. */
public final class ChatCalls {
    private ChatCalls() {}

    /**
     * A conversation as one of the templates that llama.cpp has built in.
     *
     * @param template whose text tells which one
     * @param roles of the messages
     * @param contents as many
     * @param addAssistant whether to end with the beginning of the assistant's answer
     * @return UTF-8; nothing if the template is not recognised
     */
    public static byte[] format(String template, List<String> roles, List<String> contents, boolean addAssistant) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment array = llama_chat_message.allocateArray(Math.max(1, roles.size()), arena);
            long guess = 1024;
            for (int i = 0; i < roles.size(); i++) {
                MemorySegment message = llama_chat_message.asSlice(array, i);
                MemorySegment role = arena.allocateFrom(Check.noNul("a role", roles.get(i)));
                MemorySegment content = arena.allocateFrom(Check.noNul("a message", contents.get(i)));
                llama_chat_message.role(message, role);
                llama_chat_message.content(message, content);
                guess += 2 * (role.byteSize() + content.byteSize());
            }
            MemorySegment name = arena.allocateFrom(template);
            int capacity = (int) Math.min(guess, Integer.MAX_VALUE - 8);
            while (true) {
                MemorySegment buffer = arena.allocate(capacity);
                int length =
                        llama_h.llama_chat_apply_template(name, array, roles.size(), addAssistant, buffer, capacity);
                if (length < 0) {
                    return new byte[0];
                }
                if (length <= capacity) {
                    return buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                }
                capacity = length;
            }
        }
    }
}
