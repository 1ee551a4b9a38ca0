/**
 * Url-encoded listings. XML has no way to write some characters that keys may
 * have, so listings are asked for in url-encoding, and decoded here.
 *
 * Source: specs/s3, section 8. The prefix of ListObjects is decoded, too, which
 * botocore forgets.
 *
 * @module
 */
import type { ParsedResponse } from "../../ports/protocol.ts";
import type { Operation } from "../../ports/schema.ts";

/** The operations whose listings are asked for in url-encoding. */
const LISTINGS = ["ListObjectVersions", "ListObjects", "ListObjectsV2"];

/** Members that are encoded, where they are there. */
const TEXTS = [
  "Delimiter",
  "KeyMarker",
  "Marker",
  "NextKeyMarker",
  "NextMarker",
  "Prefix",
  "StartAfter",
];

/** Lists, and the member of their items that is encoded. */
const LISTS = {
  CommonPrefixes: "Prefix",
  Contents: "Key",
  DeleteMarkers: "Key",
  Versions: "Key",
};

/** Whether an operation's result is a listing of that kind. */
export function isListing(operation: string): boolean {
  return LISTINGS.includes(operation);
}

/**
 * Decodes a listing, unless the caller has asked for the encoding.
 *
 * @param operation The operation's table.
 * @param input The input as the caller gave it.
 * @param output What was read.
 */
export function amendOutput<Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  output: ParsedResponse<Output>["output"],
): ParsedResponse<Output>["output"] {
  if (!isListing(operation.name) || encodingOf(input) !== undefined) {
    return output;
  }
  if (encodingOf(output) !== "url") return output;
  const decoded: Record<string, unknown> = { ...output };
  for (const name of TEXTS) {
    const value = decoded[name];
    if (typeof value === "string") decoded[name] = formDecoded(value);
  }
  for (const [name, member] of Object.entries(LISTS)) {
    const items: unknown = decoded[name];
    if (!Array.isArray(items)) continue;
    decoded[name] = items.map((item: unknown) => decodedItem(item, member));
  }
  // The same members, some texts of which are other texts.
  return decoded as typeof output;
}

function decodedItem(item: unknown, member: string): unknown {
  if (typeof item !== "object" || item === null) return item;
  const value: unknown = Reflect.get(item, member);
  if (typeof value !== "string") return item;
  const decoded = formDecoded(value);
  return decoded === value ? item : { ...item, [member]: decoded };
}

function encodingOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "EncodingType" in value
    ? value.EncodingType
    : undefined;
}

/** `a%2Fb+c` → `a/b c`; what is no encoding stays. */
function formDecoded(value: string): string {
  if (!value.includes("%") && !value.includes("+")) return value;
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    // Many times slower, but lenient towards what is half an encoding.
    const form = new URLSearchParams(`v=${value.replaceAll("&", "%26")}`);
    return form.get("v") ?? value;
  }
}
