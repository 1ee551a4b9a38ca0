/**
 * Prints the listings and the waits of a service.
 *
 * @module
 */
import type { Pagination, Waiter } from "./model.ts";
import type { Service } from "./service.ts";
import { docComment, header, inlineObject, objectLiteral } from "./text.ts";

/** Prints `listings.ts`; `undefined` for a service without listings. */
export function printListings(service: Service): string | undefined {
  const { corrections, pagination, waiters } = service;
  const listings = Object.entries(pagination);
  const waits = Object.entries(waiters);
  if (listings.length + waits.length === 0) return undefined;
  return [
    header(corrections.model),
    docComment([
      `The listings of ${corrections.title}, and what can be waited for.`,
      "@module",
    ]),
    'import type { Paging, Waiting } from "../../pages.ts";',
    'import * as operations from "./operations.ts";',
    'import type * as Types from "./types.ts";',
    ...listings.map((listing) => printListing(listing, service)),
    ...waits.map((wait) => printWait(wait)),
  ].join("\n");
}

/** The type of what a listing lists: the items of its first result. */
export function itemType(
  operation: string,
  pagination: Pagination,
  { model, names }: Service,
): string {
  const output = model.operations[operation]?.output?.shape ?? "";
  const [list] = asList(pagination.result_key);
  const use = model.shapes[output]?.members?.[list ?? ""];
  const item = model.shapes[use?.shape ?? ""]?.member?.shape;
  if (item !== undefined) return `Types.${names.of(item)}`;
  throw new TypeError(
    `Cannot tell what ${operation} lists: ${list} is no list`,
  );
}

function printListing(
  [name, pagination]: readonly [string, Pagination],
  service: Service,
): string {
  const item = itemType(name, pagination, service);
  const [list] = asList(pagination.result_key);
  const outputs = asList(pagination.output_token);
  const starts = asList(pagination.input_token).map((token, index) =>
    [token, tokenExpression(outputs[index] ?? "")] as const
  );
  const more = pagination.more_results ?? outputs[0];
  return [
    "",
    docComment([`How the pages of \`${name}\` hang together.`]),
    `export const ${name}Paging: Paging<Types.${name}Input, Types.${name}Output, ${item}> = ${
      objectLiteral({
        operation: `operations.${name}`,
        next: `(page) => page.${more} ? ${
          inlineObject(Object.fromEntries(starts))
        } : undefined`,
        items: `(page) => page.${list} ?? []`,
      })
    };`,
  ].join("\n");
}

/** `NextMarker || Contents[-1].Key`, in the language of the models, as code. */
function tokenExpression(path: string): string {
  return path.split(" || ").map((alternative) => {
    const steps = alternative.split(".").map((step) => {
      const [, name, last] = /^(\w+)(\[-1\])?$/.exec(step) ?? [];
      if (name === undefined) {
        throw new TypeError(`Cannot read the output token "${path}"`);
      }
      return last === undefined ? name : `${name}?.at(-1)?`;
    });
    return `page.${steps.join(".")}`;
  }).join(" || ");
}

function printWait([name, waiter]: readonly [string, Waiter]): string {
  const { operation } = waiter;
  const acceptors = waiter.acceptors.map(({ matcher, expected, state }) => {
    if (matcher !== "status" || typeof expected !== "number") {
      throw new TypeError(`Cannot wait for ${name}: no matcher "${matcher}"`);
    }
    return inlineObject({
      status: `${expected}`,
      state: JSON.stringify(state),
    });
  });
  return [
    "",
    docComment([`How to tell \`${name}\`.`]),
    `export const ${name}: Waiting<Types.${operation}Input, Types.${operation}Output> = ${
      objectLiteral({
        name: JSON.stringify(name),
        operation: `operations.${operation}`,
        delayMs: `${waiter.delay * 1_000}`,
        maxAttempts: `${waiter.maxAttempts}`,
        acceptors: `[\n${acceptors.map((one) => `${one},`).join("\n")}\n]`,
      })
    };`,
  ].join("\n");
}

function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
