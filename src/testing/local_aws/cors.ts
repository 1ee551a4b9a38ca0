/**
 * Cross-origin requests: the rules of a bucket, preflights, and the header
 * fields of answers.
 *
 * Source: "Using cross-origin resource sharing", Amazon S3 User Guide.
 *
 * @module
 */
import type { HeaderMap } from "../../ports/http.ts";
import { invalidRequest, S3Error } from "./s3_error.ts";
import type { Members } from "./shapes.ts";

/** A rule. */
interface CorsRule {
  readonly AllowedHeaders?: readonly string[];
  readonly AllowedMethods: readonly string[];
  readonly AllowedOrigins: readonly string[];
  readonly ExposeHeaders?: readonly string[];
  readonly MaxAgeSeconds?: number;
}

const METHODS = ["DELETE", "GET", "HEAD", "POST", "PUT"];

/**
 * Checks a CORS configuration.
 *
 * @throws {S3Error} If a rule is not as it should be.
 */
export function checkCorsRules(configuration: Members): void {
  const rules = rulesOf(configuration);
  if (rules.length === 0 || rules.length > 100) {
    throw new S3Error("MalformedXML");
  }
  for (const { AllowedHeaders = [], AllowedMethods, AllowedOrigins } of rules) {
    const method = AllowedMethods.find((name) => !METHODS.includes(name));
    if (method !== undefined) {
      throw invalidRequest(
        `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`,
      );
    }
    for (
      const [what, patterns] of [
        ["AllowedOrigin", AllowedOrigins],
        ["AllowedHeader", AllowedHeaders],
      ] as const
    ) {
      const wild = patterns.find((text) => text.split("*").length > 2);
      if (wild !== undefined) {
        throw invalidRequest(
          `${what} "${wild}" can not have more than one wildcard.`,
        );
      }
    }
  }
}

function rulesOf(configuration: Members): readonly CorsRule[] {
  const rules = configuration["CORSRules"];
  // The tables have given the rules their members.
  return Array.isArray(rules) ? rules as CorsRule[] : [];
}

/** A cross-origin request. */
export interface CrossOrigin {
  /** Where it comes from. */
  readonly origin: string;
  /** Its method, or that of the request that a preflight asks about. */
  readonly method: string;
  /** Names of the header fields that a preflight asks about. */
  readonly asked?: readonly string[];
}

/**
 * The header fields that a bucket's rules give to the answer of a cross-origin
 * request.
 *
 * @returns `undefined` where no rule fits.
 */
export function corsHeaders(
  configuration: Members | undefined,
  { origin, method, asked = [] }: CrossOrigin,
): HeaderMap | undefined {
  const rule = rulesOf(configuration ?? {}).find((rule) =>
    rule.AllowedMethods.includes(method) &&
    rule.AllowedOrigins.some((pattern) => matches(pattern, origin)) &&
    asked.every((name) =>
      rule.AllowedHeaders?.some((pattern) =>
        matches(pattern.toLowerCase(), name.toLowerCase())
      )
    )
  );
  if (rule === undefined) return undefined;
  const any = rule.AllowedOrigins.includes("*");
  const { ExposeHeaders = [], MaxAgeSeconds } = rule;
  return {
    "access-control-allow-origin": any ? "*" : origin,
    ...any ? {} : { "access-control-allow-credentials": "true" },
    "access-control-allow-methods": rule.AllowedMethods.join(", "),
    ...asked.length > 0
      ? { "access-control-allow-headers": asked.join(", ") }
      : {},
    ...ExposeHeaders.length > 0
      ? { "access-control-expose-headers": ExposeHeaders.join(", ") }
      : {},
    ...MaxAgeSeconds === undefined
      ? {}
      : { "access-control-max-age": String(MaxAgeSeconds) },
    vary:
      "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}

/**
 * The header fields of the answer to a preflight.
 *
 * @throws {S3Error} AccessForbidden, if no rule fits.
 */
export function preflight(
  configuration: Members | undefined,
  headers: HeaderMap,
): HeaderMap {
  const origin = headers["origin"];
  const method = headers["access-control-request-method"];
  if (origin === undefined || origin === "") {
    throw new S3Error(
      "BadRequest",
      {},
      "Insufficient information. Origin request header needed.",
    );
  }
  if (method === undefined || !METHODS.includes(method)) {
    throw new S3Error(
      "BadRequest",
      {},
      `Invalid Access-Control-Request-Method: ${method ?? "null"}`,
    );
  }
  if (configuration === undefined) {
    throw new S3Error(
      "AccessForbidden",
      { Method: method, ResourceType: "BUCKET" },
      "CORSResponse: CORS is not enabled for this bucket.",
    );
  }
  const asked = (headers["access-control-request-headers"] ?? "").split(",")
    .map((name) => name.trim()).filter((name) => name !== "");
  const found = corsHeaders(configuration, { origin, method, asked });
  if (found === undefined) {
    throw new S3Error("AccessForbidden", {
      Method: method,
      ResourceType: "OBJECT",
    });
  }
  return found;
}

function matches(pattern: string, text: string): boolean {
  const [start = "", ...end] = pattern.split("*");
  if (end.length === 0) return pattern === text;
  return text.length >= pattern.length - 1 && text.startsWith(start) &&
    text.endsWith(end.join("*"));
}
