/**
 * The table of docs/other-stores.md, from what the library knows of stores.
 *
 * @module
 */
import { STORES } from "../../src/services/s3/mod.ts";

const HEAD = [
  "store",
  "tried",
  "PUT: `If-Match` / `If-None-Match`",
  "end of parts: the same",
  "delete: `If-Match`",
  "checksums",
  "chunks",
  "DeleteObjects wants",
];

/** What a store wants with DeleteObjects, in words. */
const WANTS = {
  any: "any checksum",
  md5: "`Content-MD5`",
  none: "(has none)",
} as const;

/** Writes the table in Markdown, one row a store. */
export function storesTable(): string {
  const rows = Object.values(STORES).map((facts) => [
    facts.title,
    facts.tried ?? "",
    pair(facts.put),
    pair(facts.complete),
    facts.delete?.ifMatch ?? "?",
    facts.checksums === undefined ? "?" : facts.checksums.join(", ") || "none",
    facts.awsChunked ?? "?",
    facts.deleteObjects === undefined ? "?" : WANTS[facts.deleteObjects],
  ]);
  return [HEAD, HEAD.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function pair(
  facts: { readonly ifMatch?: string; readonly ifNoneMatch?: string } = {},
): string {
  const { ifMatch = "?", ifNoneMatch = "?" } = facts;
  return ifMatch === ifNoneMatch ? ifMatch : `${ifMatch} / ${ifNoneMatch}`;
}
