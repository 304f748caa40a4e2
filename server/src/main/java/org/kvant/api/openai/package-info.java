/** OpenAI's completions, chat completions and models. */
@NullMarked
package org.kvant.api.openai;

import org.jspecify.annotations.NullMarked;
