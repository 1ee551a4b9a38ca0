/**
 * Takes out of recorded messages what is secret, personal or different each
 * time, and puts fixed examples in its place: the same one for the same value
 * all through a recording, so that what belongs together still does.
 *
 * @module
 */
import { strictText, utf8 } from "../foundation/bytes.ts";
import { encodeComponent } from "../foundation/percent.ts";
import { isSecretParam, redactHeader } from "../foundation/redact.ts";
import type { HeaderMap } from "../ports/http.ts";
import type { PlainExchange } from "./fixture_folder.ts";

/** Header fields of requests that differ each time or prove who called. */
const DROPPED_OF_REQUESTS =
  /^(?:authorization|date|user-agent|x-amz-date|x-amz-security-token|amz-sdk-.*)$/;

/** Header fields of responses that differ each time or belong to the connection. */
const DROPPED_OF_RESPONSES =
  /^(?:connection|date|keep-alive|server|set-cookie|transfer-encoding)$/;

/** Header fields that would be wrong once the body is another. */
const OF_THE_BYTES = /^(?:content-md5|x-amz-checksum-.*|x-amz-content-sha256)$/;

/** How values are found in a text, and the kind that each is. */
const FINDERS: readonly (readonly [kind: Kind, pattern: RegExp])[] = [
  ["keyId", /\b((?:AKIA|ASIA|AIDA|AROA|AGPA)[A-Z0-9]{12,})\b/g],
  ["account", /\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}):/g],
  ["account", /<Account>(\d{12})<\/Account>/g],
  ["secret", /<SecretAccessKey>([^<]+)<\/SecretAccessKey>/g],
  ["token", /<SessionToken>([^<]+)<\/SessionToken>/g],
  ["owner", /<ID>([0-9a-f]{64})<\/ID>/g],
  ["name", /<DisplayName>([^<]+)<\/DisplayName>/g],
  ["request", /<RequestId>([^<]+)<\/RequestId>/g],
  ["host", /<HostId>([^<]+)<\/HostId>/g],
  ["id", /<(?:UploadId|NextContinuationToken|VersionId)>([^<]{20,})<\//g],
  ["secret", /"(?:SecretAccessKey|secretAccessKey)": ?"([^"]+)"/g],
  ["token", /"(?:SessionToken|sessionToken|Token)": ?"([^"]+)"/g],
];

/** Header fields whose value is replaced, and the kind that each is. */
const HEADER_KINDS: Readonly<Record<string, Kind>> = {
  "x-amz-id-2": "host",
  "x-amz-request-id": "request",
  "x-amzn-requestid": "request",
  "x-amz-version-id": "id",
};

/** What a value is: each kind has examples of its own. */
type Kind =
  | "account"
  | "host"
  | "id"
  | "keyId"
  | "name"
  | "owner"
  | "request"
  | "secret"
  | "signature"
  | "token";

/** The example that stands for the n-th value of a kind, n from 0. */
const EXAMPLES: Readonly<Record<Kind, (n: number, value: string) => string>> = {
  account: (n) => String(123_456_789_012 + n),
  host: (n) => `EXAMPLEHOSTID${n + 1}`,
  id: (n) => `EXAMPLEID${n + 1}`,
  keyId: (n, value) => `${value.slice(0, 4)}IOSFODNN${(7 + n) % 10}EXAMPLE`,
  name: (n) => `example${n + 1}`,
  owner: (n) => String(n + 1).padStart(64, "0"),
  request: (n) => `EXAMPLEREQUESTID${n + 1}`,
  secret: (n) => `wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY${n || ""}`,
  signature: () => "0".repeat(64),
  token: (n) => `EXAMPLETOKEN${n + 1}`,
};

/** What still looks like a secret, by what it looks like. */
const SUSPECTS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["a JSON web token", /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/],
  ["an access key id", /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}\b/],
  ["a signature", /\bSignature=[0-9a-f]{64}\b/i],
  // Letters of both cases and digits in a row of 40: too mixed for a name.
  [
    "a secret key or a token",
    /(?<![\w+=-])(?=[\w+=-]*[a-z])(?=[\w+=-]*[A-Z])(?=[\w+=-]*\d)[\w+=-]{40,}/,
  ],
];

/** Checksums look like keys. */
const HARMLESS =
  /^x-amz-checksum-\w+: .*$|<Checksum\w+>[^<]*<\/|"Checksum\w+": "[^"]*"/gim;

/** Values shorter than this are too common to be replaced wherever they stand. */
const MIN_LENGTH = 6;

/** Replaces values in messages, and remembers by what. */
export class Scrubber {
  readonly #replacements = new Map<string, string>();
  readonly #counts = new Map<Kind, number>();

  /**
   * Makes a scrubber.
   *
   * @param secrets Values to replace wherever they stand, beside those it finds.
   */
  constructor(secrets: readonly string[] = []) {
    for (const secret of secrets) this.#learn("secret", secret);
  }

  /** Exchanges without what must not be kept. */
  exchanges(exchanges: readonly PlainExchange[]): PlainExchange[] {
    for (const { request, response } of exchanges) {
      for (const message of [request, response]) {
        this.#find(readable(message.body));
        this.#findParams(readable(message.body));
        this.#findHeaders(message.headers);
      }
      this.#find(request.url);
      this.#findParams(request.url.split("?")[1] ?? "");
    }
    return exchanges.map(({ request, response }) => ({
      request: {
        ...this.#message(request, DROPPED_OF_REQUESTS),
        method: request.method,
        url: this.text(request.url),
      },
      response: {
        ...this.#message(response, DROPPED_OF_RESPONSES),
        status: response.status,
      },
    }));
  }

  /** A text without what must not be kept. */
  text(value: string): string {
    this.#find(value);
    // Long ones first, so that a value within another leaves no remains.
    return [...this.#replacements]
      .flatMap(([from, to]) =>
        [plain, encodeComponent, formEncoded].map((form) =>
          [form(from), form(to)] as const
        )
      )
      .sort(([one], [other]) => other.length - one.length)
      .reduce((rest, [from, to]) => rest.replaceAll(from, to), value);
  }

  /**
   * What in a text still looks like a secret: an `Authorization`, a key, a
   * token, in the words of an error and without its value.
   */
  suspicion(value: string): string | undefined {
    // The examples look like what they stand for.
    const rest = [...this.#replacements.values()]
      .reduce((left, example) => left.replaceAll(example, ""), value)
      .replace(HARMLESS, "");
    return SUSPECTS.find(([, pattern]) => pattern.test(rest))?.[0];
  }

  #message(
    { headers, body }: PlainExchange["response"] | PlainExchange["request"],
    dropped: RegExp,
  ): { headers: HeaderMap; body: Uint8Array<ArrayBuffer> } {
    const before = readable(body);
    const after = this.text(before);
    const changed = before !== after;
    const kept = Object.entries(headers)
      .filter(([name]) => !dropped.test(name))
      .filter(([name]) => !changed || !OF_THE_BYTES.test(name))
      .map(([name, value]) => [name, this.text(value)]);
    const clean: Record<string, string> = Object.fromEntries(kept);
    const bytes = changed ? utf8(after) : body;
    if (changed && clean["content-length"] !== undefined) {
      clean["content-length"] = String(bytes.length);
    }
    return { headers: clean, body: bytes };
  }

  #find(value: string): void {
    for (const [kind, pattern] of FINDERS) {
      for (const [, found = ""] of value.matchAll(pattern)) {
        this.#learn(kind, found);
      }
    }
  }

  #findParams(value: string): void {
    for (const [name, found] of new URLSearchParams(value)) {
      this.#find(found);
      if (name.toLowerCase() === "x-amz-signature") {
        this.#learn("signature", found);
      } else if (isSecretParam(name) && name !== "X-Amz-Credential") {
        this.#learn("token", found);
      }
    }
  }

  #findHeaders(headers: HeaderMap): void {
    for (const [name, value] of Object.entries(headers)) {
      const kind = HEADER_KINDS[name];
      if (kind !== undefined) this.#learn(kind, value);
      else if (name === "authorization") this.#find(value);
      else if (redactHeader(name, value) !== value) this.#learn("token", value);
      else if (/customer-key-md5$/.test(name)) this.#learn("token", value);
    }
  }

  #learn(kind: Kind, value: string): void {
    const isExample = [...this.#replacements.values()].includes(value);
    if (isExample || this.#replacements.has(value)) return;
    if (value.length < MIN_LENGTH) return;
    const n = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, n + 1);
    this.#replacements.set(value, EXAMPLES[kind](n, value));
  }
}

function plain(value: string): string {
  return value;
}

function formEncoded(value: string): string {
  return new URLSearchParams({ "": value }).toString().slice(1);
}

/** A body as text; nothing is found in one that is none. */
function readable(body: Uint8Array<ArrayBuffer>): string {
  try {
    return strictText(body);
  } catch {
    return "";
  }
}
