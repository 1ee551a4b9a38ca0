/**
 * What one call may say of itself: its options are checked, its total time runs,
 * and header fields and query parameters of its own are added to its request.
 * Loaded with the first call that says something.
 *
 * @module
 */
import { ConfigError, TimeoutError } from "../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  isMilliseconds,
  MILLISECONDS,
  type OptionKinds,
} from "../foundation/options.ts";
import type { CallOptions, CustomFields } from "../ports/caller.ts";
import type { HeaderMap, QueryParam, Transport } from "../ports/http.ts";
import type { Member, Operation, SerializedRequest } from "../ports/schema.ts";
import type { Clock } from "../ports/system.ts";

const TIMES = [
  "connectTimeoutMs",
  "readTimeoutMs",
  "attemptTimeoutMs",
  "totalTimeoutMs",
  "queueTimeoutMs",
] as const satisfies readonly (keyof CallOptions)[];

/** The times that only a transport can keep. */
const KEPT_BY_TRANSPORT = [
  ["connectTimeoutMs", "connect"],
  ["queueTimeoutMs", "queue"],
] as const;

const KINDS: OptionKinds<CallOptions> = CALL_OPTION_KINDS;

/**
 * Refuses options of a call that do not exist, make no sense, or would not be
 * kept.
 *
 * @param operation Name of the operation, for the error.
 * @param options What the call says.
 * @param transport What sends: not every one can keep the connect limit.
 * @throws {ConfigError} `"UnknownOption"`, `"InvalidOption"`, `"InvalidTimeLimit"`, `"ContradictoryOptions"`.
 */
export function checkCallOptions(
  operation: string,
  options: CallOptions,
  { limits = [] }: Transport,
): void {
  checkOptions(`call ${operation}`, options, KINDS, { of: "a call" });
  for (const name of TIMES) {
    const ms = options[name];
    if (ms === undefined || ms === Infinity || isMilliseconds(ms)) continue;
    throw new ConfigError(
      "InvalidTimeLimit",
      `Cannot call ${operation} as ${name} must be ${MILLISECONDS}, or Infinity for no limit: current value is ${ms}`,
    );
  }
  for (const [name, limit] of KEPT_BY_TRANSPORT) {
    const ms = options[name];
    // Without a queue, no wait is too long: a transfer may always lift the limit.
    if (ms === undefined || name === "queueTimeoutMs" && ms === Infinity) {
      continue;
    }
    if (limits.includes(limit)) continue;
    throw new ConfigError(
      "ContradictoryOptions",
      `Cannot call ${operation} with ${name}: the transport does not keep a ${limit} limit; leave the option out, or use a transport whose limits name "${limit}"`,
    );
  }
}

/** Runs from the start of a call until it is disposed of. */
export class TotalTime implements Disposable {
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  readonly #timer: Disposable;

  /**
   * Starts the time.
   *
   * @param clock Time.
   * @param operation Name of the operation, for the error.
   * @param limitMs The limit, in milliseconds.
   */
  constructor(clock: Clock, operation: string, limitMs: number) {
    this.#limitMs = limitMs;
    this.#timer = clock.timer(limitMs, () => {
      const message = `Cannot call ${operation} within ${limitMs} ms`;
      this.#controller.abort(
        new TimeoutError("total", limitMs, message, { maybeSent: true }),
      );
    });
  }

  /** The options of a call, whose signal is aborted at the limit too. */
  bound(options: CallOptions): CallOptions {
    const { signal } = this.#controller;
    return {
      ...options,
      totalTimeoutMs: this.#limitMs,
      signal: options.signal
        ? AbortSignal.any([options.signal, signal])
        : signal,
    };
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}

/** RFC 9110, section 5.6.2: `token`. */
const TOKEN = /^[!#$%&'*+\-.^_`|~\da-z]+$/i;

/** Text that a header field carries unchanged, and so as it was signed. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** Characters that are in no name of a parameter. */
const CONTROL = /\p{Cc}/u;

/**
 * Header fields that the library, the signature or the transport sets, or that
 * no signature can cover.
 */
const RESERVED_HEADER = new RegExp(
  `^(?:${
    [
      "accept-encoding",
      "amz-sdk-.*",
      "authorization",
      "connection",
      "content-length",
      "content-md5",
      "date",
      "expect",
      "host",
      "keep-alive",
      "proxy-.*",
      "te",
      "trailer",
      "transfer-encoding",
      "upgrade",
      "user-agent",
      "x-amz-checksum-.*",
      "x-amz-content-sha256",
      "x-amz-date",
      "x-amz-decoded-content-length",
      "x-amz-region-set",
      "x-amz-s3session-token",
      "x-amz-sdk-checksum-algorithm",
      "x-amz-security-token",
      "x-amz-trailer",
      "x-amzn-trace-id",
    ].join("|")
  })$`,
);

/** Parameters of a signature, of version 2 too. */
const RESERVED_PARAM =
  /^(?:x-amz-(?:algorithm|content-sha256|credential|date|expires|region-set|s3session-token|security-token|signature|signedheaders)|awsaccesskeyid|expires|signature)$/i;

/** What names the operation of a form. */
const FORM_PARAM = /^(?:action|version)$/i;

/**
 * Adds a call's own fields to its request, before it is signed.
 *
 * @param operation The operation's table.
 * @param draft The request, as the input says.
 * @param options What the call says.
 * @throws {ConfigError} `"InvalidOption"` where HTTP has no such field,
 * `"ContradictoryOptions"` where the library or the input sets it.
 */
export function withCustomFields<Input, Output>(
  operation: Operation<Input, Output>,
  draft: SerializedRequest,
  options: CustomFields,
): SerializedRequest {
  return {
    ...draft,
    headers: { ...draft.headers, ...headersOf(operation, draft, options) },
    query: [...draft.query, ...queryOf(operation, draft, options)],
  };
}

function headersOf<Input, Output>(
  operation: Operation<Input, Output>,
  draft: SerializedRequest,
  { headers }: CustomFields,
): HeaderMap {
  const fields: Record<string, string> = {};
  for (const [given, value] of entriesOf(operation.name, "headers", headers)) {
    const refuse = refusals(operation.name, `the header ${shown(given)}`);
    const name = given.toLowerCase();
    if (!TOKEN.test(given)) {
      throw refuse.invalid(
        "the name of a header is a word of ASCII characters",
      );
    }
    if (!HEADER_VALUE.test(value)) {
      throw refuse.invalid("its value must be ASCII text in one line");
    }
    if (Object.hasOwn(fields, name)) {
      throw refuse.invalid("it is there twice, in other letter case");
    }
    if (RESERVED_HEADER.test(name)) {
      throw refuse.taken(
        "the library sets it, or no signature can cover it; leave it out",
      );
    }
    const member = headerMember(operation, name);
    if (member !== undefined) throw refuse.taken(inTheInput(member));
    if (Object.hasOwn(draft.headers, name)) {
      throw refuse.taken("the operation sets it; leave it out");
    }
    fields[name] = value;
  }
  return fields;
}

function queryOf<Input, Output>(
  operation: Operation<Input, Output>,
  draft: SerializedRequest,
  { query }: CustomFields,
): readonly QueryParam[] {
  const params = entriesOf(operation.name, "query", query);
  const isForm = draft.headers["content-type"]?.includes("form-urlencoded") ===
    true;
  for (const [name, value] of params) {
    const refuse = refusals(operation.name, `the parameter ${shown(name)}`);
    if (name === "" || CONTROL.test(name) || !name.isWellFormed()) {
      throw refuse.invalid(
        "the name of a parameter is text without control characters",
      );
    }
    if (!value.isWellFormed()) {
      throw refuse.invalid("its value has half of a surrogate pair");
    }
    if (RESERVED_PARAM.test(name)) {
      throw refuse.taken("it is part of a signature; leave it out");
    }
    const member = queryMember(operation, name, isForm);
    if (member !== undefined) throw refuse.taken(inTheInput(member));
    if (
      draft.query.some(([taken]) => taken === name) ||
      isForm && FORM_PARAM.test(name)
    ) {
      throw refuse.taken("the operation sets it; leave it out");
    }
  }
  return params;
}

/** The entries of an option; `undefined` is the same as leaving one out. */
function entriesOf(
  operation: string,
  option: keyof CustomFields,
  value: unknown,
): readonly (readonly [name: string, value: string])[] {
  if (value === undefined) return [];
  // A `Headers` or a `Map` has no properties: all that it holds would be lost.
  if (
    typeof value !== "object" || value === null || Symbol.iterator in value
  ) {
    throw new ConfigError(
      "InvalidOption",
      `Cannot call ${operation}: the option "${option}" must be an object with one text for each name; of a Headers, a Map or URLSearchParams give Object.fromEntries(it)`,
    );
  }
  const entries: (readonly [string, string])[] = [];
  for (const [name, text] of Object.entries<unknown>({ ...value })) {
    if (text === undefined) continue;
    if (typeof text !== "string") {
      throw new ConfigError(
        "InvalidOption",
        `Cannot call ${operation}: ${
          shown(name)
        } of the option "${option}" must be text, got ${
          text === null ? "null" : `a ${typeof text}`
        }`,
      );
    }
    entries.push([name, text]);
  }
  return entries;
}

/** The member of the input that travels in a header field. */
function headerMember<Input, Output>(
  operation: Operation<Input, Output>,
  field: string,
): string | undefined {
  return memberOf(operation, (member, name) => {
    if (member.at === "header") return name.toLowerCase() === field;
    return member.at === "headers" && field.startsWith(name.toLowerCase());
  });
}

/** The member of the input that travels in a parameter, be it of a form. */
function queryMember<Input, Output>(
  operation: Operation<Input, Output>,
  param: string,
  isForm: boolean,
): string | undefined {
  const [first] = param.split(".");
  return memberOf(
    operation,
    (member, name) =>
      member.at === "query" && name === param ||
      isForm && member.at === undefined && name === first,
  );
}

function memberOf<Input, Output>(
  { input }: Operation<Input, Output>,
  isIt: (member: Member, name: string) => boolean,
): string | undefined {
  const members = Object.entries(input().members);
  return members.find(([key, member]) => isIt(member, member.name ?? key))?.[0];
}

/** A name as a message may tell it. */
function shown(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name);
}

/** Makes the errors of one field. */
interface Refusals {
  /** HTTP has no such field. */
  invalid(why: string): ConfigError;
  /** Someone else sets it. */
  taken(why: string): ConfigError;
}

function refusals(operation: string, field: string): Refusals {
  const start = `Cannot add ${field} to ${operation}`;
  return {
    invalid: (why) => new ConfigError("InvalidOption", `${start}: ${why}`),
    taken: (why) => new ConfigError("ContradictoryOptions", `${start}: ${why}`),
  };
}

function inTheInput(member: string): string {
  return `it is the parameter ${member} of the operation; give it in the input`;
}
