package org.kvant.evaluate;

/**
 * How often a model finds the right ending most probable.
 *
 * @param tasks questions
 * @param accuracy share of questions where the right ending's tokens have the largest sum of log-probabilities
 * @param normalized the same by their mean for each token, which is what llama-perplexity's {@code --hellaswag} calls {@code acc_norm}
 */
public record ChoiceScore(int tasks, Estimate accuracy, Estimate normalized) {}
