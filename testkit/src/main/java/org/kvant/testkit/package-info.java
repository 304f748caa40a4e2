/** What tests of several modules need: the demo model and the native libraries of this build. Not published. */
@NullMarked
package org.kvant.testkit;

import org.jspecify.annotations.NullMarked;
