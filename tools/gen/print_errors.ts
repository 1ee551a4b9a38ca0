/**
 * Prints the classes of a service's errors, and the codes of each operation.
 *
 * @module
 */
import type { ErrorTraits } from "../../src/ports/schema.ts";
import type { ModelShape } from "./model.ts";
import { openUnion, typeOfUse } from "./print_types.ts";
import type { Service } from "./service.ts";
import { docComment, header, propertyName } from "./text.ts";

/** A class of errors. */
interface ErrorClass {
  readonly name: string;
  readonly code: string;
  /** What it is an error of, in words. */
  readonly doc: readonly string[];
  /** The members of its document, as source text. */
  readonly fields: readonly string[];
}

/** Prints `errors.ts`. */
export function printErrors(service: Service): string {
  const { corrections } = service;
  const classes = classesOf(service);
  const body = [
    ...classes.map(classText),
    codesText(service),
    guardText(corrections.className),
  ].join("\n\n");
  const types = [...service.names.parts]
    .map((shape) => service.names.of(shape))
    .filter((name) => classes.some(({ fields }) => mentions(fields, name)));
  types.push(`${corrections.className}ErrorCode`);
  return [
    header(corrections.model),
    docComment([
      `The errors of ${corrections.title}, as classes and as codes.`,
      "`instanceof` looks at the code alone. So no call runs anything of this file, and an error keeps its class when it is given a hint or is made by a stub.",
      "@module",
    ]),
    `import { ServiceError, type ServiceErrorDetail } from "../../../foundation/errors.ts";`,
    `import type { ${
      [...new Set(types)].sort().join(", ")
    } } from "./types.ts";`,
    "",
    body,
  ].join("\n");
}

function mentions(fields: readonly string[], name: string): boolean {
  return fields.some((field) => new RegExp(`\\b${name}\\b`).test(field));
}

function classesOf(service: Service): readonly ErrorClass[] {
  const { model, corrections } = service;
  const modelled = Object.entries(model.shapes)
    .filter(([, shape]) => shape.exception)
    .map(([name, shape]) => modelledClass(name, shape, service));
  const added = Object.entries(corrections.errorCodes.classes ?? {})
    .map(([name, { code, doc }]) => ({ name, code, doc: [doc], fields: [] }));
  return [...modelled, ...added].sort((a, b) => a.name < b.name ? -1 : 1);
}

function modelledClass(
  name: string,
  shape: ModelShape,
  service: Service,
): ErrorClass {
  const code = codeOf(name, shape);
  const status = shape.error?.httpStatusCode;
  const operations = Object.values(service.model.operations)
    .filter(({ errors = [] }) => errors.some((error) => error.shape === name))
    .map((operation) => `\`${operation.name}\``);
  const doc = [
    `Code \`${code}\`${status === undefined ? "" : `, status ${status}`}.`,
    ...operations.length === 0 ? [] : [`Named by ${operations.join(", ")}.`],
  ];
  const fields = Object.entries(shape.members ?? {})
    // The message is the error's own, whatever its name.
    .filter(([member]) => member.toLowerCase() !== "message")
    .map(([member, use]) =>
      `readonly ${propertyName(member)}?: ${typeOfUse(use, service)};`
    );
  return { name, code, doc: [doc.join(" ")], fields };
}

function codeOf(name: string, { error }: ModelShape): ErrorTraits["code"] {
  return error?.code ?? name;
}

function classText({ name, code, doc, fields }: ErrorClass): string {
  const literal = JSON.stringify(code);
  return [
    docComment(doc),
    `export class ${name} extends ServiceError {`,
    ...fields.length === 0 ? [] : [
      docComment([
        "What else the answer says; `fields` has the modelled members.",
      ], "  "),
      "  declare readonly detail: ServiceErrorDetail & {",
      `    readonly fields: { ${fields.join(" ")} };`,
      "  };",
      "",
    ],
    docComment([
      "Makes the error, for a stub.",
      "@param reason The service's own message.",
      "@param detail The other facts of the answer.",
    ], "  "),
    '  constructor(reason: string, detail: Omit<ServiceErrorDetail, "code">) {',
    `    super(reason, { ...detail, code: ${literal} });`,
    "  }",
    "",
    docComment(["The service's error code."], "  "),
    `  override get code(): ${literal} {`,
    `    return ${literal};`,
    "  }",
    "",
    docComment([
      "Whether a value is such an error.",
      "@param value Any value, for example what was caught.",
    ], "  "),
    `  static override [Symbol.hasInstance](value: unknown): value is ${name} {`,
    `    return value instanceof ServiceError && value.code === ${literal};`,
    "  }",
    "}",
  ].join("\n");
}

function codesText({ model, corrections }: Service): string {
  const { className, errorCodes, title } = corrections;
  const rows = Object.values(model.operations).map(({ name, errors = [] }) => {
    const named = errors.map(({ shape }) =>
      codeOf(shape, model.shapes[shape] ?? { type: "structure" })
    );
    const { codes, instead } = errorCodes.operations?.[name] ?? { codes: [] };
    const all = [...new Set([...instead ? [] : named, ...codes])].sort();
    const type = all.length === 0 ? `${className}ErrorCode` : openUnion(all);
    return `readonly ${name}: ${type};`;
  });
  return [
    docComment([
      `The codes that each operation of ${title} names; any other may come.`,
    ]),
    `export type ${className}ErrorCodes = { ${rows.join(" ")} };`,
    "",
    docComment([
      "The codes of one operation, for completion.",
      "@typeParam Operation Its name.",
    ]),
    `export type ${className}ErrorCodeOf<Operation extends keyof ${className}ErrorCodes> = ${className}ErrorCodes[Operation];`,
  ].join("\n");
}

function guardText(className: string): string {
  return [
    docComment([
      "Whether a value is the refusal of an operation. Then its `code` completes to the codes of that operation.",
      "@param value Any value, for example what was caught.",
      "@param operation Name of the operation.",
    ]),
    `export function is${className}Error<Operation extends keyof ${className}ErrorCodes>(`,
    "  value: unknown,",
    "  operation: Operation,",
    `): value is ServiceError & { readonly code: ${className}ErrorCodeOf<Operation> } {`,
    "  return value instanceof ServiceError && value.detail.operation === operation;",
    "}",
  ].join("\n");
}
