package org.kvant.round;

/** Minima of {@code −2(b1 x + b2 y) + a11 x² + 2 a12 x y + a22 y²}. */
final class Quadratic {

    private Quadratic() {}

    /** The first coordinate, 0 where the quadratic is flat. */
    static double x(double a11, double a12, double a22, double b1, double b2) {
        double det = a11 * a22 - a12 * a12;
        if (!(det > 1e-9 * a11 * a22)) {
            return a11 > 0 ? b1 / a11 : 0;
        }
        return (b1 * a22 - b2 * a12) / det;
    }

    /** The second coordinate; 0 where the quadratic is flat, the first one then being free. */
    static double y(double a11, double a12, double a22, double b1, double b2) {
        double det = a11 * a22 - a12 * a12;
        if (!(det > 1e-9 * a11 * a22)) {
            return a11 > 0 || !(a22 > 0) ? 0 : b2 / a22;
        }
        return (b2 * a11 - b1 * a12) / det;
    }

    static double at(double a11, double a12, double a22, double b1, double b2, double x, double y) {
        return -2 * (b1 * x + b2 * y) + a11 * x * x + 2 * a12 * x * y + a22 * y * y;
    }
}
