/** Conversations to prompts: chat templates and what they are given. */
@NullMarked
package org.kvant.chat;

import org.jspecify.annotations.NullMarked;
