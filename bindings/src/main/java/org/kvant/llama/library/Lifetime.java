package org.kvant.llama.library;

import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Keeps a native object from being freed while another thread is inside it: uses hold the read lock, freeing takes the
 * write lock.
 */
public final class Lifetime {
    private final String what;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private int dependents;
    private boolean closed;

    public Lifetime(String what) {
        this.what = what;
    }

    public <T> T use(Supplier<T> body) {
        NativeAbort.check();
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the " + what + " is closed");
            }
            return body.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Notes something that must be closed first. */
    public void addDependent() {
        lock.writeLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the " + what + " is closed");
            }
            dependents++;
        } finally {
            lock.writeLock().unlock();
        }
    }

    public void removeDependent() {
        lock.writeLock().lock();
        try {
            dependents--;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Runs {@code free} the first time; later calls do nothing. */
    public void close(String dependentsName, Runnable free) {
        lock.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            if (dependents > 0) {
                throw new IllegalStateException(
                        "the " + what + " cannot be closed while it has " + dependents + " open " + dependentsName);
            }
            closed = true;
            if (!NativeAbort.hasAborted()) {
                free.run();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    public boolean closed() {
        lock.readLock().lock();
        try {
            return closed;
        } finally {
            lock.readLock().unlock();
        }
    }
}
