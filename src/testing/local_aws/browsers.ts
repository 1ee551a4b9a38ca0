/**
 * What browsers send: cross-origin requests with their preflights and the rules of
 * a bucket, and uploads by an HTML form with its policy and its signature.
 *
 * Sources: "Using cross-origin resource sharing", Amazon S3 User Guide;
 * "Browser-based uploads using POST", Amazon S3 API Reference.
 *
 * @module
 */
import { fromBase64, strictText, text, utf8 } from "../../foundation/bytes.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { Keys } from "./access.ts";
import { invalidArgument, invalidRequest, S3Error } from "./s3_error.ts";
import type { Members } from "./shapes.ts";
import { checkFormSignature } from "./signature.ts";
import { children, readXml } from "./xml.ts";

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
  for (
    const { AllowedHeaders = [], AllowedMethods, AllowedOrigins, ExposeHeaders }
      of rules
  ) {
    const method = AllowedMethods.find((name) => !METHODS.includes(name));
    if (method !== undefined) {
      throw invalidRequest(
        `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`,
      );
    }
    const exposed = ExposeHeaders?.find((name) => name.includes("*"));
    if (exposed !== undefined) {
      throw invalidRequest(
        `ExposeHeader "${exposed}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
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

/** A form, taken apart. */
export interface PostForm {
  /** The fields before the file by lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  /** Name of the file. */
  readonly fileName: string;
  /** The file. */
  readonly file: Uint8Array<ArrayBuffer>;
}

/**
 * Takes a form apart.
 *
 * @throws {S3Error} MalformedPOSTRequest, if it is none.
 */
export function readForm(
  contentType: string,
  body: Uint8Array<ArrayBuffer>,
): PostForm {
  const [, quoted, bare] =
    /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw new S3Error("MalformedPOSTRequest");
  const encoder = new TextEncoder();
  const mark = encoder.encode(`--${boundary}`);
  const fields = new Map<string, string>();
  let at = indexOf(body, mark, 0);
  while (at >= 0) {
    const start = at + mark.length;
    if (body[start] === 0x2d && body[start + 1] === 0x2d) break;
    const next = indexOf(body, mark, start);
    if (next < 0) throw new S3Error("MalformedPOSTRequest");
    // The line break before a boundary belongs to it.
    const part = body.subarray(start + 2, next - 2);
    const head = indexOf(part, encoder.encode("\r\n\r\n"), 0);
    if (head < 0) throw new S3Error("MalformedPOSTRequest");
    const lines = text(part.subarray(0, head));
    const name = disposition(lines, "name")?.toLowerCase();
    if (name === undefined) throw new S3Error("MalformedPOSTRequest");
    const value = part.subarray(head + 4);
    if (name === "file") {
      const fileName = disposition(lines, "filename") ?? "";
      // A copy: the form around it can go.
      return { fields, fileName, file: value.slice() };
    }
    // A field that is there twice meets no condition.
    fields.set(
      name,
      fields.has(name) ? `${fields.get(name)},${text(value)}` : text(value),
    );
    at = next;
  }
  throw invalidArgument(
    "file",
    "0",
    "POST requires exactly one file upload per request.",
  );
}

function disposition(lines: string, parameter: string): string | undefined {
  const line = /^content-disposition:(.*)$/im.exec(lines)?.[1] ?? "";
  const pattern = new RegExp(
    `;\\s*${parameter}=(?:"((?:\\\\.|[^"\\\\])*)"|([^;\\s]+))`,
    "i",
  );
  const [, quoted, bare] = pattern.exec(line) ?? [];
  return quoted?.replace(/\\(.)/g, "$1") ?? bare;
}

function indexOf(
  body: Uint8Array,
  mark: Uint8Array,
  from: number,
): number {
  const first = mark[0] ?? 0;
  for (
    let at = body.indexOf(first, from);
    at >= 0;
    at = body.indexOf(first, at + 1)
  ) {
    if (mark.every((byte, index) => body[at + index] === byte)) return at;
  }
  return -1;
}

/** What a form is checked against. */
export interface FormExpectation {
  readonly bucket: string;
  readonly keys: Keys;
  readonly region: string;
  readonly now: Date;
}

/** Fields that need no condition. */
const FREE = [
  "awsaccesskeyid",
  "file",
  "policy",
  "signature",
  "x-amz-signature",
];

/**
 * Checks policy and signature of a form.
 *
 * @returns The key that it was signed with; `undefined` where it has no policy.
 * @throws {S3Error} If it is not allowed.
 */
export async function checkForm(
  form: PostForm,
  expected: FormExpectation,
): Promise<ReturnType<Keys["find"]>> {
  const policy = form.fields.get("policy");
  if (policy === undefined) {
    const signed = ["awsaccesskeyid", "x-amz-algorithm", "signature"]
      .find((name) => form.fields.has(name));
    if (signed === undefined) return undefined;
    throw invalidArgument(
      "policy",
      "",
      "Bucket POST must contain a field named 'policy'.  If it is specified, please check the order of the fields.",
    );
  }
  const key = await checkFormSignature(form.fields, policy, expected);
  checkPolicy(policy, form, expected);
  return key;
}

function checkPolicy(
  encoded: string,
  { fields, file, fileName }: PostForm,
  { bucket, now }: FormExpectation,
): void {
  const { expiration, conditions } = readDocument(encoded);
  const end = new Date(expiration);
  if (
    Number.isNaN(end.getTime()) || !/^\d{4}-\d\d-\d\dT/.test(expiration)
  ) {
    throw malformed(`Invalid 'expiration' value: '${expiration}'`);
  }
  if (end < now) {
    throw new S3Error(
      "AccessDenied",
      {},
      "Invalid according to Policy: Policy expired.",
    );
  }
  const values = new Map([...fields, ["bucket", bucket]]);
  const key = values.get("key");
  // The key is weighed as it will be; conditions speak of the form's own too.
  const wholeKey = key?.replaceAll("${filename}", baseName(fileName));
  const met = new Set<string>();
  for (const condition of conditions) {
    const [operator, name, value] = readCondition(condition);
    if (operator === "content-length-range") {
      checkLength(file.length, Number(name), Number(value));
      continue;
    }
    const field = name.toLowerCase();
    met.add(field);
    const found = values.get(field) ?? "";
    const candidates = field === "key" && wholeKey !== undefined
      ? [found, wholeKey]
      : [found];
    const holds = candidates.some((text) =>
      operator === "eq" ? text === value : startsWith(field, text, value)
    );
    if (!holds) {
      throw new S3Error(
        "AccessDenied",
        {},
        `Invalid according to Policy: Policy Condition failed: ["${operator}", "$${name}", "${value}"]`,
      );
    }
  }
  const extra = [...fields.keys()].find((name) =>
    !met.has(name) && !FREE.includes(name) && !name.startsWith("x-ignore-")
  );
  if (extra !== undefined) {
    throw new S3Error(
      "AccessDenied",
      {},
      `Invalid according to Policy: Extra input fields: ${extra}`,
    );
  }
}

function startsWith(field: string, found: string, start: string): boolean {
  // Each type of a list must begin so.
  return field === "content-type"
    ? found.split(",").every((type) => type.trim().startsWith(start))
    : found.startsWith(start);
}

function checkLength(size: number, least: number, most: number): void {
  if (size < least) {
    throw new S3Error("EntityTooSmall", {
      ProposedSize: size,
      MinSizeAllowed: least,
    });
  }
  if (size > most) {
    throw new S3Error("EntityTooLarge", {
      ProposedSize: size,
      MaxSizeAllowed: most,
    });
  }
}

function readDocument(
  encoded: string,
): { readonly expiration: string; readonly conditions: readonly unknown[] } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(strictText(fromBase64(encoded.replace(/\s/g, ""))));
  } catch {
    throw malformed("Invalid JSON.");
  }
  if (typeof parsed !== "object" || parsed === null) {
    throw malformed("Invalid JSON: the policy is no object.");
  }
  const { expiration, conditions } = parsed as Record<string, unknown>;
  if (typeof expiration !== "string") {
    throw malformed("Policy document must contain an expiration.");
  }
  if (!Array.isArray(conditions)) {
    throw malformed("Policy document must contain a list of conditions.");
  }
  const others = Object.keys(parsed).find((name) =>
    name !== "expiration" && name !== "conditions"
  );
  if (others !== undefined) throw malformed(`Unexpected: '${others}'`);
  return { expiration, conditions };
}

/** A condition as operator, field and value; of a length, its two limits. */
function readCondition(
  condition: unknown,
): readonly [operator: string, name: string, value: string] {
  if (Array.isArray(condition)) {
    const [operator, name, value, more] = condition as readonly unknown[];
    const known = String(operator).toLowerCase();
    if (known === "content-length-range") {
      const limits = [name, value].map((limit) => Number(limit ?? NaN));
      if (limits.some((limit) => !(limit >= 0)) || more !== undefined) {
        throw malformed("Invalid 'content-length-range'");
      }
      return [known, String(name), String(value)];
    }
    if (
      (known !== "eq" && known !== "starts-with") || more !== undefined ||
      typeof name !== "string" || typeof value !== "string"
    ) {
      throw malformed(`Invalid Condition: ${JSON.stringify(condition)}`);
    }
    return [known, name.replace(/^\$/, ""), value];
  }
  if (typeof condition === "object" && condition !== null) {
    const entries = Object.entries(condition);
    const [entry] = entries;
    if (entry !== undefined && entries.length === 1) {
      return ["eq", entry[0], String(entry[1])];
    }
  }
  throw malformed(
    "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
  );
}

function malformed(reason: string): S3Error {
  return new S3Error(
    "InvalidPolicyDocument",
    {},
    `Invalid Policy: ${reason}`,
  );
}

/** The last part of a path, as browsers of old sent it. */
export function baseName(fileName: string): string {
  return fileName.replace(/^.*[\\/]/s, "");
}

/** Fields that are header fields of a PutObject, by the field's name. */
const AS_HEADERS: Readonly<Record<string, string>> = {
  acl: "x-amz-acl",
  tagging: "x-amz-tagging",
};

/** Fields of the signature and of the form itself. */
const OWN = new Set([
  "awsaccesskeyid",
  "bucket",
  "key",
  "policy",
  "signature",
  "submit",
  "success_action_redirect",
  "redirect",
  "success_action_status",
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-signature",
]);

/** The header fields of the PutObject that a form stands for. */
export function formHeaders({ fields }: PostForm): HeaderMap {
  const headers: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (OWN.has(name)) continue;
    headers[AS_HEADERS[name] ?? name] = name === "tagging"
      ? tagString(value)
      : value;
  }
  return headers;
}

/** Tags of a form are XML; `x-amz-tagging` has them like a query. */
function tagString(xml: string): string {
  return children(readXml(utf8(xml), "Tagging"), "TagSet")
    .flatMap((set) => children(set, "Tag"))
    .map((tag) => {
      const [key = "", value = ""] = ["Key", "Value"].map((name) =>
        children(tag, name)[0]?.text
      );
      return `${encodeURIComponent(key)}=${encodeURIComponent(value)}`;
    }).join("&");
}
