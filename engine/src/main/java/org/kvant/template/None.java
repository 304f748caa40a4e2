package org.kvant.template;

/** Python's None. */
enum None {
    NONE
}
