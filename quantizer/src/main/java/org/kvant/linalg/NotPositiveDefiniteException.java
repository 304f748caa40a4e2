package org.kvant.linalg;

/** A matrix that has no Cholesky factor; more on its diagonal may help. */
public final class NotPositiveDefiniteException extends Exception {

    NotPositiveDefiniteException(int row, double pivot) {
        super("the matrix is not positive definite: pivot " + row + " is " + pivot);
    }
}
