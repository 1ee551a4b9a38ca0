/**
 * Prints the client class of a service, and its entry.
 *
 * @module
 */
import type { ModelOperation } from "./model.ts";
import { methodName } from "./names.ts";
import { itemType } from "./print_listings.ts";
import type { Service } from "./service.ts";
import { docComment, header } from "./text.ts";

/** Prints `client.ts`. */
export function printClient(service: Service): string {
  const { corrections, model } = service;
  const { className, title } = corrections;
  const constant = className.toLowerCase();
  return [
    header(corrections.model),
    docComment([`The client of ${title}.`, "@module"]),
    `import type { CallOptions, ClientCore, PresignedRequest, PresignOptions } from "../../../ports/caller.ts";`,
    `import type { Operation } from "../../../ports/schema.ts";`,
    `import type { ServiceDefinition } from "../../../ports/service.ts";`,
    `import { ${constant}, type ${className}Config } from "../service.ts";`,
    `import { checkCore } from "../../../foundation/options.ts";`,
    ...listingImports(service),
    `import * as operations from "./operations.ts";`,
    `import type * as Types from "./types.ts";`,
    "",
    docComment([`${title}.`]),
    `export class ${className} implements Disposable {`,
    docComment(["Facts of the service, for the session."], "  "),
    `  static readonly service: ServiceDefinition<${className}Config> = ${constant};`,
    "",
    "  readonly #core: ClientCore;",
    "",
    docComment([
      `Makes a client. Most programs use \`session.client(${className})\` instead.`,
      "@param core What makes the calls.",
    ], "  "),
    "  constructor(core: ClientCore) {",
    `    this.#core = checkCore("${className}", core);`,
    "  }",
    "",
    docComment([
      "What makes the calls, for what is built on a client.",
    ], "  "),
    "  get core(): ClientCore {",
    "    return this.#core;",
    "  }",
    ...Object.values(model.operations)
      .map((operation) => methodOf(operation, service)),
    ...Object.keys(service.pagination).sort()
      .map((operation) => pageMethods(operation, service)),
    ...Object.keys(service.waiters).sort()
      .map((name) => waitMethod(name, service)),
    presignMethod(),
    "",
    docComment([
      "Closes the connections that no other client of the session has; the session closes all of them. The client cannot be called again.",
    ], "  "),
    "  [Symbol.dispose](): void {",
    "    this.#core[Symbol.dispose]?.();",
    "  }",
    "}",
  ].join("\n");
}

function listingImports({ pagination, waiters }: Service): readonly string[] {
  const pages = Object.keys(pagination).length > 0;
  const waits = Object.keys(waiters).length > 0;
  const names = [
    ...(pages ? ["type ItemOptions", "itemsOf", "Pages"] : []),
    ...(waits ? ["type WaitOptions", "waitUntil"] : []),
  ];
  return [
    ...(names.length > 0
      ? [`import { ${names.join(", ")} } from "../../pages.ts";`]
      : []),
    ...(pages || waits ? ['import * as listings from "./listings.ts";'] : []),
  ];
}

function methodOf(operation: ModelOperation, service: Service): string {
  const { corrections } = service;
  const { name, deprecated } = operation;
  const errors = (operation.errors ?? [])
    .map(({ shape }) => service.model.shapes[shape]?.error?.code ?? shape);
  const doc = docComment([
    corrections.summaries[name] ?? `Calls \`${name}\`.`,
    ...(deprecated
      ? [`@deprecated Use \`${methodName(name)}Configuration\`.`]
      : []),
    ...(errors.length > 0
      ? [`@throws {ServiceError} \`${errors.join("`, `")}\` and others.`]
      : []),
    `@see ${corrections.page(name)}`,
  ], "  ");
  return [
    "",
    doc,
    `  ${methodName(name)}(`,
    `    ${inputParameter(name, service)},`,
    "    options?: CallOptions,",
    `  ): Promise<Types.${name}Output> {`,
    `    return this.#core.call(operations.${name}, input, options);`,
    "  }",
  ].join("\n");
}

/** The parameters of an operation; may be left out where none is required. */
function inputParameter(operation: string, { tables }: Service): string {
  const members = tables.operations[operation]?.input().members ?? {};
  const required = Object.values(members).some((member) => member.required);
  return `input: Types.${operation}Input${required ? "" : " = {}"}`;
}

function pageMethods(name: string, service: Service): string {
  const pagination = service.pagination[name];
  if (pagination === undefined) throw new TypeError(`No pages for ${name}`);
  const item = itemType(name, pagination, service);
  const method = methodName(name);
  return [
    "",
    docComment(
      [`Gets the pages of \`${method}\`, as they are asked for.`],
      "  ",
    ),
    `  ${method}Pages(`,
    `    ${inputParameter(name, service)},`,
    "    options?: CallOptions,",
    `  ): Pages<Types.${name}Input, Types.${name}Output, ${item}> {`,
    `    const paging = listings.${name}Paging;`,
    "    return new Pages(this.#core.call, { paging, input, options });",
    "  }",
    "",
    docComment([
      `Gets what \`${method}\` lists, page after page.`,
    ], "  "),
    `  ${method}Items(`,
    `    ${inputParameter(name, service)},`,
    "    options?: ItemOptions,",
    `  ): AsyncGenerator<${item}, void, void> {`,
    `    const paging = listings.${name}Paging;`,
    `    return itemsOf(this.#core.call, { paging, input, options }, "${method}Items");`,
    "  }",
  ].join("\n");
}

function waitMethod(name: string, { waiters }: Service): string {
  const operation = waiters[name]?.operation ?? "";
  return [
    "",
    docComment([
      `Waits for \`${name}\`: asks \`${
        methodName(operation)
      }\` again and again.`,
      "@throws {TimeoutError} If it is not so after the last look.",
    ], "  "),
    `  waitUntil${name}(`,
    `    input: Types.${operation}Input,`,
    "    options: WaitOptions = {},",
    "  ): Promise<void> {",
    `    return waitUntil(this.#core, listings.${name}, { input, options });`,
    "  }",
  ].join("\n");
}

function presignMethod(): string {
  return [
    "",
    docComment([
      "Makes a request that carries its own signature, for someone else to send.",
      "@param operation What the request does, for example `GetObject`.",
      "@param input Its parameters.",
      "@param options How long it is good for.",
    ], "  "),
    "  presign<Input>(",
    "    operation: Operation<Input, unknown>,",
    "    input: Input,",
    "    options?: PresignOptions,",
    "  ): Promise<PresignedRequest> {",
    "    return this.#core.presign(operation, input, options);",
    "  }",
  ].join("\n");
}

/** Prints `mod.ts`, the entry, with every name that it has. */
export function printEntry(
  service: Service,
  types: string,
  errors: string,
): string {
  const { corrections, model } = service;
  const { doc, example } = corrections.entry;
  const exported = (text: string, kinds: string): string =>
    [...text.matchAll(new RegExp(`^export (?:${kinds}) (\\w+)`, "gm"))]
      .map(([, name]) => name ?? "").sort().join(", ");
  return [
    header(corrections.model),
    docComment([
      ...doc,
      ...example === undefined ? [] : [`@example Usage\n${example}`, ""],
      "@module",
    ]),
    `export { ${corrections.className} } from "./generated/client.ts";`,
    ...Object.entries(corrections.entry.types).map(([file, list]) =>
      `export type { ${list.join(", ")} } from "${file}";`
    ),
    ...Object.entries(corrections.entry.values ?? {}).map(([file, list]) =>
      `export { ${list.join(", ")} } from "${file}";`
    ),
    `export { ${
      Object.keys(model.operations).sort().join(", ")
    } } from "./generated/operations.ts";`,
    `export { ${
      exported(errors, "class|function")
    } } from "./generated/errors.ts";`,
    `export type { ${exported(errors, "type")} } from "./generated/errors.ts";`,
    `export type { ${
      exported(types, "type|interface")
    } } from "./generated/types.ts";`,
  ].join("\n");
}
