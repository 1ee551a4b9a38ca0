/**
 * Takes out of recorded messages what is secret, personal or different each
 * time, and puts fixed examples in its place: the same one for the same value
 * all through a recording, so that what belongs together still does. In JSON, XML
 * and forms the values are found by their names; the rest stays byte for byte.
 *
 * @module
 */
import {
  base64,
  encodeComponent,
  fromBase64,
  strictText,
  utf8,
} from "../foundation/bytes.ts";
import { isSecretParam, redactHeader } from "../foundation/wire_secrets.ts";
import type { HeaderMap } from "../ports/http.ts";
import type { PlainExchange } from "./http_message.ts";

/** Header fields of requests that differ each time or prove who called. */
const DROPPED_OF_REQUESTS =
  /^(?:authorization|date|user-agent|x-amz-date|x-amz-security-token|x-amz-(?:copy-source-)?server-side-encryption-customer-key-md5|amz-sdk-.*)$/;

/** Header fields of responses that differ each time or belong to the connection. */
const DROPPED_OF_RESPONSES =
  /^(?:connection|date|keep-alive|server|set-cookie|transfer-encoding)$/;

/** Header fields that would be wrong once the body is another. */
const OF_THE_BYTES = /^(?:content-md5|x-amz-checksum-.*|x-amz-content-sha256)$/;

/** Header fields that may hold a URL. */
const URL_HEADERS = /^(?:location|referer|x-amz-copy-source)$/;

/** Values that are known by their look, wherever they stand. */
const FINDERS: readonly (readonly [kind: Kind, pattern: RegExp])[] = [
  ["keyId", /\b((?:AKIA|ASIA|AIDA|AROA|AGPA)[A-Z0-9]{12,})\b/g],
  ["account", /\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}):/g],
];

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

/** The kinds that are replaced also where they are short, and with all below them. */
const SECRET_KINDS: ReadonlySet<Kind> = new Set([
  "secret",
  "signature",
  "token",
]);

/** Names of places in a listing and of repetitions, which end like a secret. */
const HARMLESS_NAMES =
  /^(?:(?:next)?continuationtoken|nexttoken|clienttoken|clientrequesttoken|subjectfromwebidentitytoken|isauthenticationtoken)$/;

/** What a value is by its name, which is in small letters and without signs. */
const NAMES: readonly (readonly [kind: Kind, pattern: RegExp])[] = [
  [
    "secret",
    /secret(?!arn|name|id)|passw(?:or)?d$|passphrase$|privatekey$|customerkey(?:md5)?$/,
  ],
  [
    "token",
    /token\d*$|tokencode$|assertion$|codeverifier$|authorizationcode$|^(?:xamz)?mfa$|^signatureprovided$|^(?:canonicalrequest|stringtosign)bytes$/,
  ],
  ["signature", /^xamzsignature$/],
  ["keyId", /accesskeyid$|^accesskey$/],
  ["name", /^displayname$/],
  ["request", /^(?:xamz|xamzn)?requestid$/],
  ["host", /^(?:hostid|xamzid2)$/],
];

/** The example that stands for the n-th value of a kind, n from 0. */
const EXAMPLES: Readonly<Record<Kind, (n: number, value: string) => string>> = {
  account: (n) => String(123_456_789_012 + n),
  host: (n) => `EXAMPLEHOSTID${n + 1}`,
  id: (n) => `EXAMPLEID${n + 1}`,
  keyId: (n, value) =>
    /^A[A-Z]{3}[A-Z0-9]{12,}$/.test(value)
      ? `${value.slice(0, 4)}IOSFODNN${(7 + n) % 10}EXAMPLE`
      : `EXAMPLEKEYID${n + 1}`,
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

/** Ids of versions and uploads shorter than this are no random ones. */
const MIN_ID_LENGTH = 20;

/** Replaces values in messages, and remembers by what. */
export class Scrubber {
  readonly #replacements = new Map<string, string>();
  /** Replaced only under their names, as they are too short. */
  readonly #short = new Map<string, string>();
  readonly #secrets = new Set<string>();
  readonly #counts = new Map<Kind, number>();
  readonly #redact: (text: string) => string;

  /**
   * Makes a scrubber.
   *
   * @param secrets Values to replace wherever they stand, beside those it finds.
   * @param redact Withholds what else is known to be secret.
   */
  constructor(
    secrets: readonly string[] = [],
    redact: (text: string) => string = (text) => text,
  ) {
    for (const secret of secrets) this.#example("secret", secret);
    this.#redact = redact;
  }

  /** Learns from exchanges what must not be kept anywhere. */
  learn(exchanges: readonly PlainExchange[]): void {
    for (const { request, response } of exchanges) {
      for (const { headers, body } of [request, response]) {
        this.#rewritten(readable(body));
        this.#headers(headers);
      }
      this.#url(request.url);
    }
  }

  /** Exchanges without what must not be kept. */
  exchanges(exchanges: readonly PlainExchange[]): PlainExchange[] {
    this.learn(exchanges);
    return exchanges.map(({ request, response }) => ({
      request: {
        ...this.#message(request, DROPPED_OF_REQUESTS),
        method: request.method,
        url: this.#replaced(this.#url(request.url)),
      },
      response: {
        ...this.#message(response, DROPPED_OF_RESPONSES),
        status: response.status,
      },
    }));
  }

  /** A text without what must not be kept. */
  text(value: string): string {
    return this.#replaced(this.#rewritten(value));
  }

  /**
   * What in a text still looks like a secret: an `Authorization`, a key, a
   * token, in the words of an error and without its value.
   */
  suspicion(value: string): string | undefined {
    const rest = longestFirst(this.#examples().flatMap(formsOf))
      .reduce((left, example) => left.replaceAll(example, ""), value)
      .replace(HARMLESS, "");
    // Only a body that is no text still has what was replaced elsewhere.
    for (const secret of this.#secrets) {
      if (formsOf(secret).some((form) => rest.includes(form))) {
        return "a secret of this recording";
      }
    }
    const suspect = SUSPECTS.find(([, pattern]) => pattern.test(rest));
    if (suspect !== undefined) return suspect[0];
    const decoded = rest.replaceAll("\\/", "/").replace(
      /%(2F|2B|3D)/gi,
      (encoded) => decodeURIComponent(encoded),
    );
    return looksRandom(decoded) ? "a secret key or a token" : undefined;
  }

  #message(
    { headers, body }: PlainExchange["response"] | PlainExchange["request"],
    dropped: RegExp,
  ): { headers: HeaderMap; body: Uint8Array<ArrayBuffer> } {
    const before = readable(body);
    const after = this.text(before);
    const changed = before !== after;
    const kept = Object.entries(this.#headers(headers))
      .filter(([name]) => !dropped.test(name))
      .filter(([name]) => !changed || !OF_THE_BYTES.test(name))
      .map(([name, value]) => [name, this.#replaced(value)]);
    const clean: Record<string, string> = Object.fromEntries(kept);
    const bytes = changed ? utf8(after) : body;
    if (changed && Object.hasOwn(clean, "content-length")) {
      clean["content-length"] = String(bytes.length);
    }
    return { headers: clean, body: bytes };
  }

  /** What stands in a known place is replaced there, however short it is. */
  #rewritten(value: string): string {
    this.#find(value);
    return rewriteText(value, this.#value);
  }

  /** What was learnt is replaced wherever it stands. */
  #replaced(value: string): string {
    const forms = [...this.#replacements].flatMap(([from, to]) => {
      const after = formsOf(to);
      return formsOf(from).map((form, index) =>
        [form, after[index] ?? to] as const
      );
    });
    const plain = forms
      .sort(([one], [other]) => other.length - one.length)
      .reduce((rest, [from, to]) => rest.replaceAll(from, to), value);
    return this.#redacted(plain);
  }

  /** Withholds what else is secret; the examples may be someone's key in a test. */
  #redacted(value: string): string {
    const examples = longestFirst(this.#examples().flatMap(formsOf));
    const [example] = examples.filter((form) => value.includes(form));
    if (example === undefined) return this.#redact(value);
    return value.split(example).map((part) => this.#redacted(part))
      .join(example);
  }

  #examples(): readonly string[] {
    return [...this.#replacements.values(), ...this.#short.values()];
  }

  readonly #value = (names: readonly string[], value: string): string => {
    const [name = ""] = names;
    const secretAbove = names.find((one) => {
      const kind = kindOf(one, value);
      return kind !== undefined && SECRET_KINDS.has(kind);
    });
    const kind = kindOf(secretAbove ?? name, value);
    if (kind !== undefined) return this.#example(kind, value);
    if (plainName(name) === "xamzcredential") return this.#credential(value);
    this.#find(value);
    const inner = /^\s*[{[<]/.test(value)
      ? rewriteText(value, this.#value)
      : /^https?:\/\//i.test(value)
      ? this.#url(value)
      : value;
    return this.#replaced(inner);
  };

  #url(url: string): string {
    this.#find(url);
    const start = url.indexOf("?") + 1;
    if (start === 0) return url;
    return url.slice(0, start) + rewriteParams(
      url.slice(start),
      (names, value) => {
        const [name = ""] = names;
        return name.toLowerCase() !== "x-amz-credential" && isSecretParam(name)
          ? this.#example(
            /signature$/i.test(name) ? "signature" : "token",
            value,
          )
          : this.#value(names, value);
      },
    );
  }

  /** The scope behind the key id is no secret. */
  #credential(value: string): string {
    const end = value.indexOf("/");
    if (end < 0) return this.#example("keyId", value);
    return this.#example("keyId", value.slice(0, end)) + value.slice(end);
  }

  #headers(headers: HeaderMap): HeaderMap {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        this.#header(name, value),
      ]),
    );
  }

  #header(name: string, value: string): string {
    if (name === "authorization") {
      const [scheme = "", proof] = value.split(" ", 2);
      this.#find(value);
      // A signature is of one request and stands nowhere else.
      if (!/^AWS/.test(scheme)) this.#example("token", proof ?? scheme);
      return value;
    }
    if (/customer-key$/.test(name)) return this.#customerKey(value);
    if (URL_HEADERS.test(name)) return this.#url(value);
    if (redactHeader(name, value) !== value) {
      return this.#example("token", value);
    }
    if (name === "x-amz-version-id") {
      return value.length < MIN_LENGTH ? value : this.#example("id", value);
    }
    return this.#value([name], value);
  }

  /** A key is given as text or bytes, and sent in base64. */
  #customerKey(value: string): string {
    try {
      return base64(
        utf8(this.#example("secret", strictText(fromBase64(value)))),
      );
    } catch {
      return this.#example("secret", value);
    }
  }

  #find(value: string): void {
    for (const [kind, pattern] of FINDERS) {
      for (const [, found = ""] of value.matchAll(pattern)) {
        this.#example(kind, found);
      }
    }
  }

  /** The example for a value; a new one where it was not seen before. */
  #example(kind: Kind, value: string): string {
    const known = this.#replacements.get(value) ?? this.#short.get(value);
    if (known !== undefined) return known;
    if (value === "" || this.#examples().includes(value)) return value;
    const isShort = value.length < MIN_LENGTH;
    if (isShort && !SECRET_KINDS.has(kind)) return value;
    const n = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, n + 1);
    const example = EXAMPLES[kind](n, value);
    (isShort ? this.#short : this.#replacements).set(value, example);
    if (!isShort && SECRET_KINDS.has(kind)) this.#secrets.add(value);
    return example;
  }
}

function kindOf(name: string, value: string): Kind | undefined {
  const plain = plainName(name);
  const named = HARMLESS_NAMES.test(plain)
    ? undefined
    : NAMES.find(([, pattern]) => pattern.test(plain))?.[0];
  if (named !== undefined) return named;
  if (/account|owner/.test(plain) && /^\d{12}$/.test(value)) return "account";
  if (plain === "id" && /^[0-9a-f]{64}$/.test(value)) return "owner";
  const isId = /^(?:uploadid|nextcontinuationtoken|versionid)$/.test(plain);
  return isId && value.length >= MIN_ID_LENGTH ? "id" : undefined;
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, "");
}

/** A value as it may stand in a URL, a form, XML, JSON and a header field. */
function formsOf(value: string): string[] {
  const encoded = base64(utf8(value));
  return [
    value,
    encodeComponent(value),
    new URLSearchParams({ "": value }).toString().slice(1),
    encodedXml(value),
    JSON.stringify(value).slice(1, -1),
    encoded,
    encoded.replace(/=+$/, ""),
  ];
}

function longestFirst(texts: readonly string[]): readonly string[] {
  return texts.toSorted((one, other) => other.length - one.length);
}

/** A key with slashes in it could be a path; a key changes its letters more often. */
const RUN = /[A-Za-z\d/+]{40,}/g;
const WINDOW = 40;
const MIN_CHANGES = 16;

/** Whether 40 characters in a row are too mixed for the words of a path. */
function looksRandom(text: string): boolean {
  for (const [run] of text.matchAll(RUN)) {
    const kinds = Array.from(run, kindOfCharacter);
    for (let start = 0; start + WINDOW <= kinds.length; start += WINDOW / 4) {
      const window = kinds.slice(start, start + WINDOW);
      const seen = new Set(window);
      const changes = window.filter((kind, at) =>
        at > 0 && kind !== window[at - 1]
      );
      const isMixed = seen.has("a") && seen.has("A") && seen.has("0");
      if (isMixed && changes.length >= MIN_CHANGES) return true;
    }
  }
  return false;
}

function kindOfCharacter(character: string): string {
  if (/[a-z]/.test(character)) return "a";
  if (/[A-Z]/.test(character)) return "A";
  return /\d/.test(character) ? "0" : "/";
}

/** A body as text; nothing is found in one that is none. */
function readable(body: Uint8Array<ArrayBuffer>): string {
  try {
    return strictText(body);
  } catch {
    return "";
  }
}

/**
 * Decides on one value.
 *
 * @param names The names that it stands under, the innermost first.
 * @param value The value, decoded.
 * @returns What is written in its place; the same text leaves it alone.
 */
type RewriteValue = (names: readonly string[], value: string) => string;

/**
 * Rewrites the values of a text in whichever form it has.
 *
 * @param text JSON, XML, a form, or text with names and values in it.
 * @param rewrite Decides on each value.
 */
function rewriteText(text: string, rewrite: RewriteValue): string {
  if (isJson(text)) return rewriteJson(text, rewrite);
  if (/^\s*</.test(text)) return rewriteXml(text, rewrite);
  if (/^[\w.%+*-]+=[^\s]*$/.test(text)) return rewriteParams(text, rewrite);
  return rewriteLoose(text, rewrite);
}

/**
 * Rewrites the values of a query string or a form body.
 *
 * @param text The parameters, percent-encoded, without the `?`.
 * @param rewrite Decides on each value.
 */
function rewriteParams(text: string, rewrite: RewriteValue): string {
  return text.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    if (equals < 0) return pair;
    const name = pair.slice(0, equals);
    const value = decodedParam(pair.slice(equals + 1));
    const after = rewrite([decodedParam(name)], value);
    return after === value ? pair : `${name}=${encodeURIComponent(after)}`;
  }).join("&");
}

const JSON_TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+|\s+/gs;

/** An object or a list that is being read, and the member it is at. */
interface JsonLevel {
  readonly isObject: boolean;
  name: string | undefined;
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function rewriteJson(text: string, rewrite: RewriteValue): string {
  const levels: JsonLevel[] = [];
  let atName = false;
  const names = (): string[] =>
    levels.flatMap(({ name }) => name === undefined ? [] : [name]).reverse();
  return text.replace(JSON_TOKENS, (token) => {
    const level = levels.at(-1);
    switch (token[0]) {
      case "{":
      case "[":
        levels.push({ isObject: token === "{", name: undefined });
        atName = token === "{";
        return token;
      case "}":
      case "]":
        levels.pop();
        atName = false;
        return token;
      case ",":
        atName = level?.isObject === true;
        return token;
      case ":":
        atName = false;
        return token;
    }
    if (/^\s|^(?:true|false|null)$/.test(token)) return token;
    const value = token.startsWith('"') ? String(JSON.parse(token)) : token;
    if (atName && level !== undefined) {
      level.name = value;
      return token;
    }
    const after = rewrite(names(), value);
    return after === value ? token : JSON.stringify(after);
  });
}

const XML_TOKENS =
  /<!\[CDATA\[(?<data>[\s\S]*?)\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(?<end>\/?)(?<name>[^\s<>/!?]+)(?<fields>[^<>]*?)(?<empty>\/?)>|(?<text>[^<]+)|</g;

function rewriteXml(text: string, rewrite: RewriteValue): string {
  const out: string[] = [];
  const names: string[] = [];
  // Text between two tags is one value, whatever it is written with.
  let run = { start: 0, value: "" };
  const endRun = (): void => {
    if (run.value.trim() !== "") {
      const after = rewrite(names.toReversed(), run.value);
      if (after !== run.value) {
        out.splice(run.start, out.length, encodedXml(after));
      }
    }
  };
  for (const { 0: token, groups = {} } of text.matchAll(XML_TOKENS)) {
    const { name, end, empty, fields = "" } = groups;
    if (name === undefined) {
      run.value += groups["data"] ?? decodedXml(groups["text"] ?? "");
      out.push(token);
      continue;
    }
    endRun();
    if (end !== "") names.pop();
    else if (empty === "") names.push(name.slice(name.indexOf(":") + 1));
    out.push(
      end === "" ? `<${name}${rewriteFields(fields, rewrite)}${empty}>` : token,
    );
    run = { start: out.length, value: "" };
  }
  endRun();
  return out.join("");
}

function rewriteFields(fields: string, rewrite: RewriteValue): string {
  return fields.replace(
    /([\w:.-]+)(\s*=\s*)"([^"]*)"/g,
    (field, name: string, sign: string, encoded: string) => {
      const value = decodedXml(encoded);
      const after = rewrite([name], value);
      return after === value ? field : `${name}${sign}"${encodedXml(after)}"`;
    },
  );
}

/** Names and values as in settings files, scripts and words of an error. */
function rewriteLoose(text: string, rewrite: RewriteValue): string {
  return text
    .replace(
      /<([A-Za-z][\w-]*)>([^<]+)<\//g,
      (whole, name: string, value: string) => {
        const decoded = decodedXml(value);
        const after = rewrite([name], decoded);
        return after === decoded ? whole : `<${name}>${encodedXml(after)}</`;
      },
    )
    .replace(
      /(?<![\w-])([A-Za-z][\w-]*)(["']?[ \t]*[:=][ \t]*["']?)([^\s"'<>,;&]+)/g,
      (whole, name: string, sign: string, value: string) => {
        const after = rewrite([name], value);
        return after === value ? whole : `${name}${sign}${after}`;
      },
    );
}

const XML_ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["apos", "'"],
  ["gt", ">"],
  ["lt", "<"],
  ["quot", '"'],
]);

function decodedXml(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (entity, decimal?: string, hex?: string, name = "") => {
      if (decimal === undefined && hex === undefined) {
        return XML_ENTITIES.get(name) ?? entity;
      }
      const code = decimal ? Number(decimal) : parseInt(hex ?? "", 16);
      return code > 0x10_ffff ? entity : String.fromCodePoint(code);
    },
  );
}

/** Text as it stands in an element or an attribute. */
function encodedXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** What is no percent-encoding stays as it is written. */
function decodedParam(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
