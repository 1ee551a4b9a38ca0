/**
 * Prints the tables of a service.
 *
 * @module
 */
import type {
  ErrorTraits,
  Member,
  Shape,
  StructureShape,
} from "../../src/ports/schema.ts";
import type { Service } from "./service.ts";
import type { AnyOperation } from "./tables.ts";
import { docComment, header, inlineObject, objectLiteral } from "./text.ts";

/** Prints `operations.ts`. */
export function printOperations(service: Service): string {
  const printer = new TablePrinter(service);
  const operations = Object.values(service.tables.operations)
    .map((operation) => printer.operation(operation));
  return [
    header(service.corrections.model),
    docComment([
      `The operations of ${service.corrections.title}, as data.`,
      "@module",
    ]),
    printer.imports(),
    'import type * as Types from "./types.ts";',
    "",
    printer.shared(),
    ...operations,
  ].join("\n");
}

class TablePrinter {
  readonly #service: Service;
  readonly #ownShapes: ReadonlySet<Shape>;

  constructor(service: Service) {
    this.#service = service;
    const { operations, names } = service.tables;
    this.#ownShapes = new Set(
      Object.values(operations)
        .flatMap((operation) => [operation.input(), operation.output()])
        .filter((shape) => {
          const name = names.get(shape);
          return name !== undefined && !service.names.parts.has(name);
        }),
    );
  }

  imports(): string {
    const kinds = new Set(this.#reachable().map(({ kind }) => KIND_TYPE[kind]));
    const types = ["Lazy", "Operation", "StructureShape", ...kinds];
    if (this.#errors().length > 0) types.push("ErrorTraits");
    const list = [...new Set(types)].sort().join(", ");
    return `import type { ${list} } from "../../../ports/schema.ts";`;
  }

  /** The tables that several operations mention. */
  shared(): string {
    const shapes = this.#reachable()
      .filter((shape) => !this.#ownShapes.has(shape))
      .map((shape) => [this.#name(shape), shape] as const)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([name, shape]) => this.#function(name, shape));
    const errors = this.#errors();
    if (errors.length === 0) return shapes.join("\n\n");
    const list = errors.map((error) => `${this.#error(error)},`).join("\n");
    return [
      ...shapes,
      `const ERRORS: readonly ErrorTraits[] = [\n${list}\n];`,
    ].join("\n\n");
  }

  /** An operation, behind the shapes that only it has. */
  operation(operation: AnyOperation): string {
    const { name } = operation;
    const own = [operation.input(), operation.output()]
      .map((shape) => [this.#name(shape), shape] as const)
      .filter(([own]) => own === `${name}Input` || own === `${name}Output`)
      .map(([own, shape]) => this.#function(own, shape));
    const { corrections } = this.#service;
    const types = `Operation<Types.${name}Input, Types.${name}Output>`;
    return [
      "",
      ...own,
      "",
      docComment([
        corrections.summaries[name] ?? `Calls \`${name}\`.`,
        `@see ${corrections.page(name)}`,
      ]),
      `export const ${name}: ${types} = ${this.#fields(operation)};`,
    ].join("\n");
  }

  #fields(operation: AnyOperation): string {
    const { input, output, errors, ...plain } = operation;
    return objectLiteral({
      ...jsonFields(plain),
      input: this.#name(input()),
      output: this.#name(output()),
      errors: errors && "ERRORS",
    });
  }

  /** A function that makes the shape once, so that only used shapes are made. */
  #function(name: string, shape: Shape): string {
    const type = KIND_TYPE[shape.kind];
    return [
      `function ${name}(): ${type} {`,
      `return (${name} as Lazy<${type}>).made ??= ${this.#shape(shape)};`,
      "}",
    ].join("\n");
  }

  #shape(shape: Shape): string {
    const kind = JSON.stringify(shape.kind);
    if (shape.kind === "list") {
      return objectLiteral({ kind, item: this.#member(shape.item) });
    }
    if (shape.kind === "map") {
      const key = this.#member(shape.key);
      return objectLiteral({ kind, key, value: this.#member(shape.value) });
    }
    const { kind: _kind, members, ...flags } = shape;
    const entries = Object.entries(members)
      .map(([name, member]) => [name, this.#member(member)]);
    return objectLiteral({
      kind,
      ...jsonFields(flags),
      members: objectLiteral(Object.fromEntries(entries)),
    });
  }

  #member({ of, ...traits }: Member): string {
    const target = typeof of === "string"
      ? JSON.stringify(of)
      : this.#name(of());
    return inlineObject({ of: target, ...jsonFields(traits) });
  }

  #error({ shape, ...plain }: ErrorTraits): string {
    return inlineObject({
      ...jsonFields(plain),
      shape: shape && this.#name(shape()),
    });
  }

  #errors(): readonly ErrorTraits[] {
    const [first] = Object.values(this.#service.tables.operations);
    return first?.errors ?? [];
  }

  #name(shape: Shape): string {
    const { tables, names } = this.#service;
    const modelName = tables.names.get(shape);
    return modelName === undefined ? "NOTHING" : names.of(modelName);
  }

  #reachable(): readonly Shape[] {
    const found = new Set<Shape>();
    const visit = (shape: Shape): void => {
      if (found.has(shape)) return;
      found.add(shape);
      for (const { of } of membersOf(shape)) {
        if (typeof of !== "string") visit(of());
      }
    };
    for (
      const { input, output } of Object.values(this.#service.tables.operations)
    ) {
      visit(input());
      visit(output());
    }
    for (const { shape } of this.#errors()) if (shape) visit(shape());
    return [...found];
  }
}

const KIND_TYPE: Readonly<Record<Shape["kind"], string>> = {
  list: "ListShape",
  map: "MapShape",
  structure: "StructureShape",
};

function membersOf(shape: Shape): readonly Member[] {
  if (shape.kind === "list") return [shape.item];
  if (shape.kind === "map") return [shape.key, shape.value];
  return Object.values((shape satisfies StructureShape).members);
}

/** Fields whose values are plain data, as source text. */
function jsonFields(fields: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, plainText(value)]),
  );
}

function plainText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainText).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return inlineObject(jsonFields(value));
  }
  return JSON.stringify(value);
}
