/** OpenAI wire records and their validation; pure. */
@NullMarked
package org.kvant.openai;

import org.jspecify.annotations.NullMarked;
