/** llama-server's own routes: tokenize, detokenize, apply-template. */
@NullMarked
package org.kvant.api.llamacpp;

import org.jspecify.annotations.NullMarked;
