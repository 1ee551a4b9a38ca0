/**
 * Prints the types of a service.
 *
 * @module
 */
import type { ModelOperation, ModelShape, ShapeUse } from "./model.ts";
import { shapesUsedBy } from "./names.ts";
import { memberDoc, usersOf } from "./docs.ts";
import type { Service } from "./service.ts";
import { docComment, header, propertyName } from "./text.ts";

/** Which way a type is used: streams differ. */
type Direction = "input" | "output" | "part";

const SCALAR_TYPES: Readonly<Record<string, string>> = {
  blob: "Uint8Array",
  boolean: "boolean",
  double: "number",
  float: "number",
  integer: "number",
  long: "number",
  string: "string",
  timestamp: "Date",
};

/** Prints `types.ts`. */
export function printTypes(service: Service): string {
  const printer = new TypePrinter(service);
  const body = [
    ...Object.values(service.model.operations)
      .flatMap((operation) => printer.operation(operation)),
    ...printer.parts(),
    printer.errorCodes(),
  ].join("\n\n");
  return [
    header(service.corrections.model),
    docComment([
      `The types of ${service.corrections.title}.`,
      "@module",
    ]),
    importsFor(body, service),
    "",
    body,
  ].join("\n");
}

/** The type of one use of a shape, as source text. */
export function typeOfUse(use: ShapeUse, service: Service): string {
  return new TypePrinter(service).typeOf(use, "part");
}

class TypePrinter {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  /** The types of an operation's parameters and result. */
  operation({ name, input, output }: ModelOperation): readonly string[] {
    const { corrections } = this.#service;
    const see = `@see ${corrections.page(name)}`;
    return [
      [
        docComment([`Parameters of \`${name}\`.`, see]),
        this.#topLevel(`${name}Input`, input?.shape, "input"),
      ].join("\n"),
      [
        docComment([`Result of \`${name}\`.`, see]),
        this.#topLevel(`${name}Output`, output?.shape, "output"),
      ].join("\n"),
    ];
  }

  /** The types that the parameters and results are made of. */
  parts(): readonly string[] {
    const { model, names } = this.#service;
    return [...this.#reachableParts()]
      .filter((shape) => needsType(model.shapes[shape]))
      .map((shape) => [names.of(shape), shape] as const)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([name, shape]) => this.#part(name, shape));
  }

  /** The codes of errors, for completion. */
  errorCodes(): string {
    const { model, corrections } = this.#service;
    const named = Object.entries(model.shapes)
      .filter(([, shape]) => shape.exception)
      .map(([name, shape]) => shape.error?.code ?? name);
    const codes = new Set([...named, ...corrections.errorCodes.codes]);
    return [
      docComment([
        `Codes that errors of ${corrections.title} have; there are more.`,
        `@see ${corrections.errorCodes.page}`,
      ]),
      `export type ${corrections.className}ErrorCode = ${
        openUnion([...codes].sort())
      };`,
    ].join("\n");
  }

  #topLevel(
    name: string,
    shape: string | undefined,
    direction: "input" | "output",
  ): string {
    const { names, model } = this.#service;
    const base = direction === "input"
      ? undefined
      : this.#isStream(shape)
      ? "ResponseBase, AsyncDisposable"
      : "ResponseBase";
    if (shape === undefined) {
      return `export type ${name} = ${base ?? EMPTY};`;
    }
    const known = names.of(shape);
    if (known !== name) {
      return base === undefined
        ? `export type ${name} = ${known};`
        : `export interface ${name} extends ${known}, ${base} {}`;
    }
    const members = this.#members(shape, direction);
    if (members === "") return `export type ${name} = ${base ?? EMPTY};`;
    const parents = base === undefined ? "" : ` extends ${base}`;
    const { type } = model.shapes[shape] ?? {};
    if (type !== "structure") throw new TypeError(`${shape} is no structure`);
    return `export interface ${name}${parents} {\n${members}\n}`;
  }

  /** Whether a result holds a connection until its body is read. */
  #isStream(shape: string | undefined): boolean {
    const { shapes } = this.#service.model;
    const { members = {} } = shapes[shape ?? ""] ?? {};
    return Object.values(members).some((use) => {
      const { streaming, eventstream } = shapes[use.shape] ?? {};
      return use.streaming ?? streaming ?? eventstream;
    });
  }

  #part(name: string, shape: string): string {
    const model = this.#service.model.shapes[shape] ?? { type: "string" };
    const doc = docComment([partDoc(shape, this.#service)]);
    if (model.enum !== undefined) {
      return `${doc}\nexport type ${name} = ${openUnion(model.enum)};`;
    }
    if (model.eventstream) {
      return `${doc}\nexport type ${name} =${this.#events(model)};`;
    }
    const members = this.#members(shape, "part");
    return members === ""
      ? `${doc}\nexport type ${name} = ${EMPTY};`
      : `${doc}\nexport interface ${name} {\n${members}\n}`;
  }

  /** A type per event: it has this one and none of the others. */
  #events({ members = {} }: ModelShape): string {
    const names = Object.keys(members).map(propertyName);
    return Object.entries(members).map(([event, use]) => {
      const fields = names.map((name) =>
        name === propertyName(event)
          ? `readonly ${name}: ${this.typeOf(use, "part")};`
          : `readonly ${name}?: never;`
      );
      return ` | { ${fields.join(" ")} }`;
    }).join("");
  }

  #members(shape: string, direction: Direction): string {
    const { model, tables } = this.#service;
    const structure = model.shapes[shape];
    const table = [...tables.names].find(([, name]) => name === shape)?.[0];
    if (structure === undefined || table?.kind !== "structure") {
      throw new TypeError(`${shape} is no structure`);
    }
    return Object.entries(structure.members ?? {}).map(([name, use]) => {
      const member = table.members[name];
      const optional = member?.always || member?.required && !member.token
        ? ""
        : "?";
      const doc = docComment(memberDoc(name, use, member, this.#service), "  ");
      const type = this.typeOf(use, direction);
      return `${doc}\n  readonly ${propertyName(name)}${optional}: ${type};`;
    }).join("\n");
  }

  /** The type of one use of a shape. */
  typeOf(use: ShapeUse, direction: Direction): string {
    const { model, names, corrections } = this.#service;
    const shape = model.shapes[use.shape] ?? { type: "" };
    const wider = direction === "input" && corrections.types[use.shape];
    if (wider) return wider.type;
    if (use.streaming ?? shape.streaming) {
      return direction === "input" ? "BodyInput" : "StreamingBody";
    }
    if (shape.type === "list" && shape.member !== undefined) {
      return `readonly ${bracketed(this.typeOf(shape.member, "part"))}[]`;
    }
    if (shape.type === "map" && shape.value !== undefined) {
      return `Readonly<Record<string, ${this.typeOf(shape.value, "part")}>>`;
    }
    if (shape.eventstream) return `EventStream<${names.of(use.shape)}>`;
    if (needsType(shape)) return names.of(use.shape);
    const scalar = SCALAR_TYPES[shape.type];
    if (scalar !== undefined) return scalar;
    throw new TypeError(`Cannot name the type of ${use.shape}`);
  }

  #reachableParts(): ReadonlySet<string> {
    const { model, names } = this.#service;
    const found = new Set<string>();
    const visit = (shape: string): void => {
      if (found.has(shape)) return;
      found.add(shape);
      for (const part of shapesUsedBy(model.shapes[shape] ?? { type: "" })) {
        visit(part);
      }
    };
    for (const { input, output } of Object.values(model.operations)) {
      for (const io of [input, output]) {
        if (io?.shape !== undefined) visit(io.shape);
      }
    }
    return new Set([...found].filter((shape) => names.parts.has(shape)));
  }
}

/** An object without members. */
const EMPTY = "Readonly<Record<string, never>>";

function partDoc(shape: string, service: Service): string {
  const { type, union, eventstream, enum: values } =
    service.model.shapes[shape] ?? {};
  const users = usersOf(shape, service);
  if (values !== undefined) return `Known values, for \`${users}\`.`;
  if (union) return `One of several, for \`${users}\`: set one member.`;
  if (eventstream) return `One of several, in \`${users}\`.`;
  return type === "structure" ? `Part of \`${users}\`.` : "";
}

function needsType(shape: ModelShape | undefined): boolean {
  return shape?.type === "structure" || shape?.enum !== undefined;
}

/** The known values, for completion, and any other text: services add values. */
export function openUnion(values: readonly string[]): string {
  const known = values.map((value) => JSON.stringify(value));
  return [...known, "(string & Record<never, never>)"].join(" | ");
}

function bracketed(type: string): string {
  return type.startsWith("readonly ") ? `(${type})` : type;
}

function importsFor(body: string, { corrections }: Service): string {
  const candidates: Readonly<Record<string, string>> = {
    BodyInput: "../../../ports/http.ts",
    ResponseBase: "../../../foundation/metadata.ts",
    EventStream: "../../../foundation/event_stream.ts",
    StreamingBody: "../../../foundation/streaming_body.ts",
    ...corrections.typeImports,
  };
  return Object.entries(candidates)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(body))
    .map(([name, file]) => `import type { ${name} } from "${file}";`)
    .join("\n");
}
