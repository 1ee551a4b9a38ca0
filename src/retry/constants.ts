/**
 * The numbers of the standard and adaptive modes, in two editions.
 *
 * A strategy is given one of the tables and never asks which: where an edition
 * lacks a feature, its table has the number that makes the feature vanish.
 *
 * @module
 */
import type { RetryableClass } from "./classify.ts";

/** One edition of the numbers. */
export interface RetryConstants {
  /** Attempts a call gets in all. */
  readonly maxAttempts: number;
  /** The same for single services, by service id. */
  readonly serviceMaxAttempts: Readonly<Record<string, number>>;
  /** Longest first wait, in milliseconds, by what went wrong; it doubles with each retry. */
  readonly baseMs: Readonly<Record<RetryableClass, number>>;
  /** The same for single services, by service id. */
  readonly serviceBaseMs: Readonly<
    Record<string, Readonly<Record<RetryableClass, number>>>
  >;
  /** Where the doubling ends, in milliseconds. */
  readonly maxDelayMs: number;
  /** How far `x-amz-retry-after` may lengthen a wait, in milliseconds. */
  readonly maxHintMs: number;
  /** Tokens in a full quota. */
  readonly quota: number;
  /** Tokens that a retry takes, by what went wrong before it. */
  readonly cost: Readonly<Record<RetryableClass, number>>;
  /** Tokens that a call earns when it succeeds without a retry. */
  readonly easySuccess: number;
}

/**
 * The numbers in use since 2020.
 *
 * Source: botocore 1.43, standard mode.
 */
export const CLASSIC: RetryConstants = {
  maxAttempts: 3,
  serviceMaxAttempts: {},
  baseMs: { throttling: 1_000, timeout: 1_000, transient: 1_000 },
  serviceBaseMs: {},
  maxDelayMs: 20_000,
  maxHintMs: 0,
  quota: 500,
  cost: { throttling: 5, timeout: 10, transient: 5 },
  easySuccess: 1,
};

/** DynamoDB answers within a few milliseconds, so its waits start lower. */
const DYNAMODB_BASE_MS = { throttling: 1_000, timeout: 25, transient: 25 };

/**
 * The numbers of 2026: quick first retries, a quota that ends sooner in an
 * outage, and an ear for the server's own hint.
 *
 * Source: botocore 1.43, standard mode with `AWS_NEW_RETRIES_2026=true`.
 */
export const EDITION_2026: RetryConstants = {
  maxAttempts: 3,
  serviceMaxAttempts: { "dynamodb": 4, "dynamodb-streams": 4 },
  baseMs: { throttling: 1_000, timeout: 50, transient: 50 },
  serviceBaseMs: {
    "dynamodb": DYNAMODB_BASE_MS,
    "dynamodb-streams": DYNAMODB_BASE_MS,
  },
  maxDelayMs: 20_000,
  maxHintMs: 5_000,
  quota: 500,
  cost: { throttling: 5, timeout: 14, transient: 14 },
  easySuccess: 1,
};
