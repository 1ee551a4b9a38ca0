/**
 * The tables of docs/errors.md, from the errors as they are. The compiler asks
 * for a row of each kind, limit and reason.
 *
 * @module
 */
import * as entry from "../../mod.ts";
import type { StopReason, TimeLimit, TransportFault } from "../../mod.ts";
import { ADVICE } from "../../src/client/advice.ts";
import type { TransportPhase } from "../../src/foundation/errors.ts";

/** What each class of error means, and what to do about it. */
const CLASSES: Readonly<Record<string, readonly [string, string]>> = {
  AwsError: ["base of all of them", "the last `catch`"],
  ServiceError: [
    "the service answered, and the answer is no",
    "look at `code`, `status` and `advice`",
  ],
  TransportError: [
    "there is no complete answer",
    "look at `kind` and `maybeSent`; the write may have been done",
  ],
  TimeoutError: [
    "a time limit passed; a `TransportError` of kind `timeout`",
    "look at `limit`, `limitMs` and `timeline`",
  ],
  ConfigError: [
    "a setting is missing, contradictory or unreadable, or a file cannot be used",
    "mend what the message names; `code` names the case",
  ],
  CredentialsError: [
    "the source of credentials in charge failed",
    "mend that source; `tried` lists all that were asked",
  ],
  NoCredentialsError: ["no source has credentials", "set some up"],
  PartialCredentialsError: [
    "one half of a pair of keys is missing",
    "set the other half",
  ],
  ValidationError: [
    "the input does not fit the operation; nothing was sent",
    "mend what `problems` lists",
  ],
  EndpointError: [
    "the call can go nowhere: no region, or a name that fits no host",
    "set what the message names",
  ],
  ProtocolError: [
    "an answer came that is none to the operation",
    "look at what listens at the endpoint",
  ],
  ChecksumError: [
    "the bytes that came are not those that the service has",
    "throw away what was read, and read again",
  ],
  ObjectChangedError: [
    "the object was replaced or removed while it was read in pieces",
    "read it from its start",
  ],
  PreconditionError: [
    "a condition of a conditional read or write did not hold",
    "`kind` says what stood against it; read and decide anew",
  ],
};

/** What each kind of transport error means. */
const KINDS: Readonly<Record<TransportFault, readonly [string, string]>> = {
  closed: ["the connection was closed before an answer came", "perhaps"],
  cut: ["the answer broke off", "yes"],
  denied: ["a permission of the program is missing; never repeated", "no"],
  dns: ["the name of the host cannot be resolved", "no"],
  "not-http": ["what came is no answer of HTTP", "yes"],
  refused: ["nothing listens there, or a proxy refuses", "no"],
  reset: ["the other side dropped the connection", "perhaps"],
  timeout: ["a time limit passed", "perhaps"],
  tls: ["no secure connection: certificate, name, version", "perhaps"],
  unknown: ["the platform says something that is not known", "perhaps"],
};

/** How far an exchange came. */
const PHASES: Readonly<Record<TransportPhase, string>> = {
  dns: "looking up the host",
  connect: "connecting",
  tls: "making the connection secure",
  write: "sending the request",
  head: "waiting for the answer",
  body: "reading its body",
};

/** The time limits. */
const LIMITS: Readonly<Record<TimeLimit, string>> = {
  attempt: "`attemptTimeoutMs`",
  connect: "`connectTimeoutMs`",
  queue: "`queueTimeoutMs`",
  read: "`readTimeoutMs`",
  total: "`totalTimeoutMs`",
};

/** Why a call that failed was not sent again. */
const REASONS: Readonly<Record<StopReason, string>> = {
  attempts: "`maxAttempts` are made",
  body: "its body is a stream that can be read once",
  "not-retryable": "another attempt would end the same way",
  quota: "too many calls of this client fail",
  "total-timeout": "the next attempt would come after `totalTimeoutMs`",
  unsafe: "it may have been carried out, and twice is not as once",
};

/** The classes of errors that the main entry exports. */
export function exportedClasses(): readonly string[] {
  return Object.entries(entry).flatMap(([name, value]) =>
    typeof value === "function" &&
      (value === entry.AwsError || value.prototype instanceof entry.AwsError)
      ? [name]
      : []
  );
}

/** The tables in Markdown, by what they are of. */
export function errorTables(): Readonly<Record<string, string>> {
  return {
    classes: table(
      ["class", "what it means", "what to do"],
      Object.entries(CLASSES).map(([name, cells]) => [`\`${name}\``, ...cells]),
    ),
    kinds: table(
      ["`kind`", "what it means", "`maybeSent`"],
      Object.entries(KINDS).map(([name, cells]) => [`\`${name}\``, ...cells]),
    ),
    phases: pairs(["`phase`", "what was being done"], PHASES),
    limits: pairs(["`limit`", "its setting"], LIMITS),
    reasons: pairs(
      ["`StopReason`", "why there is no further attempt"],
      REASONS,
    ),
    advice: table(
      ["where", "codes"],
      ADVICE.map(({ when, codes = [] }) => [when, someOf(codes)]),
    ),
  };
}

/** The codes of a row, those with a name first, not all of many. */
function someOf(codes: readonly string[]): string {
  const sorted = codes.toSorted((a, b) =>
    Number(/^\d/.test(a)) - Number(/^\d/.test(b))
  );
  const shown = sorted.slice(0, codes.length > 3 ? 2 : 3).map((code) =>
    `\`${code}\``
  );
  return [...shown, ...codes.length > 3 ? ["…"] : []].join(", ");
}

function pairs(
  head: readonly string[],
  rows: Readonly<Record<string, string>>,
): string {
  return table(
    head,
    Object.entries(rows).map(([name, words]) => [`\`${name}\``, words]),
  );
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
