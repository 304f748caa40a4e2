package org.kvant.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/** Python's arithmetic. An int is a Long where it fits and a BigInteger where it doesn't; a bool counts as 0 or 1. */
final class Numbers {
    /** Bits of the longest int: sixteen thousand digits take no time yet. */
    private static final int LONGEST = 1 << 16;

    private Numbers() {}

    static Object normal(BigInteger value) {
        if (value.bitLength() > LONGEST) {
            throw new TemplateException(
                    TemplateException.Kind.LIMIT, "the template makes an integer of more than " + LONGEST + " bits");
        }
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    static BigInteger big(Object value) {
        return switch (value) {
            case BigInteger big -> big;
            case Long l -> BigInteger.valueOf(l);
            case Boolean b -> b ? BigInteger.ONE : BigInteger.ZERO;
            default ->
                throw TemplateException.type("'" + Types.name(value) + "' object cannot be interpreted as an integer");
        };
    }

    /** An index, a width or a count: beyond 32 bits it is as good as the largest. */
    static int index(Object value) {
        Undefined.refuse(value);
        BigInteger big = big(value);
        return big.bitLength() < 32 ? big.intValue() : big.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    static double real(Object value) {
        return switch (value) {
            case Double d -> d;
            case Long l -> l;
            case Boolean b -> b ? 1 : 0;
            case BigInteger big -> {
                double d = big.doubleValue();
                if (Double.isInfinite(d)) {
                    throw TemplateException.value("int too large to convert to float");
                }
                yield d;
            }
            default -> throw TemplateException.type("must be real number, not " + Types.name(value));
        };
    }

    static Object add(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            long sum = x + y;
            return ((x ^ sum) & (y ^ sum)) < 0 ? normal(big(a).add(big(b))) : (Object) sum;
        }
        return anyReal(a, b) ? (Object) (real(a) + real(b)) : normal(big(a).add(big(b)));
    }

    static Object subtract(Object a, Object b) {
        return anyReal(a, b) ? (Object) (real(a) - real(b)) : normal(big(a).subtract(big(b)));
    }

    static Object multiply(Object a, Object b) {
        return anyReal(a, b) ? (Object) (real(a) * real(b)) : normal(big(a).multiply(big(b)));
    }

    static Object divide(Object a, Object b) {
        if (anyReal(a, b)) {
            return real(a) / nonZero(real(b), "float division by zero");
        }
        BigInteger divisor = big(b);
        nonZero(divisor.signum(), "division by zero");
        BigInteger dividend = big(a);
        if (dividend.bitLength() <= 53 && divisor.bitLength() <= 53) {
            return dividend.doubleValue() / divisor.doubleValue();
        }
        double quotient = new BigDecimal(dividend)
                .divide(new BigDecimal(divisor), new MathContext(40, RoundingMode.HALF_EVEN))
                .doubleValue();
        if (Double.isInfinite(quotient)) {
            throw TemplateException.value("integer division result too large for a float");
        }
        return quotient;
    }

    static Object floorDivide(Object a, Object b) {
        if (anyReal(a, b)) {
            double divisor = nonZero(real(b), "float floor division by zero");
            double dividend = real(a);
            double remainder = (double) modulo(dividend, divisor);
            double quotient = (dividend - remainder) / divisor;
            double floor = Math.floor(quotient);
            return quotient == 0 ? Math.copySign(0.0, dividend / divisor) : quotient - floor > 0.5 ? floor + 1 : floor;
        }
        return normal(divMod(a, b)[0]);
    }

    static Object modulo(Object a, Object b) {
        if (anyReal(a, b)) {
            double divisor = nonZero(real(b), "float modulo");
            double remainder = real(a) % divisor;
            if (remainder == 0) {
                return Math.copySign(0.0, divisor);
            }
            return remainder < 0 != divisor < 0 ? remainder + divisor : remainder;
        }
        return normal(divMod(a, b)[1]);
    }

    /** Rounds to minus infinity, so that the remainder has the divisor's sign. */
    private static BigInteger[] divMod(Object a, Object b) {
        BigInteger divisor = big(b);
        nonZero(divisor.signum(), "integer division or modulo by zero");
        BigInteger[] parts = big(a).divideAndRemainder(divisor);
        if (parts[1].signum() != 0 && parts[1].signum() != divisor.signum()) {
            parts[0] = parts[0].subtract(BigInteger.ONE);
            parts[1] = parts[1].add(divisor);
        }
        return parts;
    }

    static Object power(Object a, Object b) {
        if (anyReal(a, b) || big(b).signum() < 0) {
            double base = real(a);
            double exponent = real(b);
            if (base == 0 && exponent < 0) {
                throw TemplateException.value("0.0 cannot be raised to a negative power");
            }
            double power = Math.pow(base, exponent);
            if (Double.isInfinite(power) && !Double.isInfinite(base) && !Double.isInfinite(exponent)) {
                throw TemplateException.value("(34, 'Numerical result out of range')");
            }
            if (Double.isNaN(power) && !Double.isNaN(base) && !Double.isNaN(exponent)) {
                throw TemplateException.unsupported("a power that is a complex number");
            }
            return power;
        }
        BigInteger base = big(a);
        BigInteger exponent = big(b);
        if (base.bitLength() > 1
                && (long) base.bitLength()
                                * Math.min(
                                        exponent.bitLength() > 30 ? Integer.MAX_VALUE : exponent.intValue(),
                                        LONGEST + 1L)
                        > LONGEST) {
            throw new TemplateException(
                    TemplateException.Kind.LIMIT, "the template makes an integer of more than " + LONGEST + " bits");
        }
        if (base.bitLength() <= 1 && exponent.bitLength() > 30) {
            exponent = exponent.testBit(0) ? BigInteger.ONE : BigInteger.TWO;
        }
        return normal(base.pow(exponent.intValue()));
    }

    static Object negate(Object value) {
        return value instanceof Double d ? (Object) (-d) : normal(big(value).negate());
    }

    static Object absolute(Object value) {
        return value instanceof Double d
                ? (Object) Math.abs(d)
                : normal(big(value).abs());
    }

    /** Python's {@code int()} of a float: towards zero. */
    static Object truncate(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw TemplateException.value(
                    "cannot convert float " + (Double.isNaN(value) ? "NaN" : "infinity") + " to integer");
        }
        return normal(new BigDecimal(value).toBigInteger());
    }

    private static boolean anyReal(Object a, Object b) {
        return a instanceof Double || b instanceof Double;
    }

    private static double nonZero(double value, String otherwise) {
        if (value == 0) {
            throw TemplateException.value(otherwise);
        }
        return value;
    }
}
