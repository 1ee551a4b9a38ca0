/**
 * Builds the tables of a service from its model, as values. The printer writes
 * these values down; the protocol tests use them as they are.
 *
 * @module
 */
import type { HttpMethod } from "../../src/ports/http.ts";
import type {
  ChecksumTraits,
  ErrorTraits,
  Operation,
  Shape,
} from "../../src/ports/schema.ts";
import type { ModelOperation, ModelShape, ServiceModel } from "./model.ts";
import {
  flag,
  locationOf,
  modelShape,
  namespaceFrom,
  present,
  SCALARS,
  shapeNamed,
  type Shapes,
  structureOf,
} from "./shapes.ts";

/** An operation whose types nobody knows. */
export type AnyOperation = Operation<unknown, unknown>;

/** The tables of a service. */
export interface ServiceTables {
  /** The operations by name. */
  readonly operations: Readonly<Record<string, AnyOperation>>;
  /** The names of the shapes in the model. Each model shape is one object. */
  readonly names: ReadonlyMap<Shape, string>;
}

/** What the tables of a service need that its model does not say. */
export interface ServiceRules {
  /** `/{Bucket}` is the endpoint's business and is taken out of the paths. */
  readonly bucketInEndpoint?: true;
  /** A 200 may carry an error document, where the body is one to parse. */
  readonly errorInSuccess?: true;
  /** Operations by name whose idempotence their HTTP method does not tell. */
  readonly idempotent?: Readonly<Record<string, boolean>>;
  /**
   * Names of the roots of answers that the model does not name, by operation.
   * Where it is there, each operation that answers with a document of its own has
   * a row, and listings have a body.
   */
  readonly roots?: Readonly<Record<string, readonly string[]>>;
  /** Input members by operation with which it is not idempotent. */
  readonly unlessGiven?: Readonly<Record<string, readonly string[]>>;
}

const METHODS: Readonly<Record<string, HttpMethod>> = {
  DELETE: "DELETE",
  GET: "GET",
  HEAD: "HEAD",
  PATCH: "PATCH",
  POST: "POST",
  PUT: "PUT",
};

/** Methods whose repetition changes nothing (RFC 9110, section 9.2.2). */
const IDEMPOTENT_METHODS = ["DELETE", "GET", "HEAD", "PUT"];

/**
 * Builds the tables of a service.
 *
 * @param model The model; of protocol suites: metadata, shapes, and the case's
 * operation.
 * @param rules What the model does not say.
 * @throws {TypeError} If the model is broken or uses what the tables cannot say.
 */
export function tablesFrom(
  model: ServiceModel,
  rules: ServiceRules = {},
): ServiceTables {
  const shapes: Shapes = { model, byName: new Map() };
  const errors = errorsOf(shapes);
  const operations = Object.fromEntries(
    Object.values(model.operations).map((operation) => [
      operation.name,
      operationFrom(operation, { shapes, errors, rules }),
    ]),
  );
  // Shapes are built when they are first asked for: ask for them all.
  for (const [name, { type }] of Object.entries(model.shapes)) {
    if (SCALARS[type] === undefined) shapeNamed(name, shapes);
  }
  const names = new Map(
    [...shapes.byName].map(([name, shape]) => [shape, name]),
  );
  return { operations, names };
}

interface OperationParts {
  readonly shapes: Shapes;
  readonly errors: readonly ErrorTraits[];
  readonly rules: ServiceRules;
}

function operationFrom(
  operation: ModelOperation,
  { shapes, errors, rules }: OperationParts,
): AnyOperation {
  const method = METHODS[operation.http?.method ?? "POST"];
  if (method === undefined) {
    throw new TypeError(
      `Cannot build ${operation.name}: no method "${operation.http?.method}"`,
    );
  }
  const byMethod = operation.idempotent ?? IDEMPOTENT_METHODS.includes(method);
  return {
    name: operation.name,
    method,
    path: pathOf(operation, rules),
    input: structureOf(operation.input?.shape, shapes),
    output: structureOf(operation.output?.shape, shapes),
    ...present("root", rootOf(operation, shapes)),
    ...present("roots", answerRootsOf(operation, shapes.model, rules)),
    ...flag(
      "bodyRequired",
      rules.roots !== undefined && operation.name.startsWith("List"),
    ),
    ...present("wrapper", wrapperOf(operation, shapes.model)),
    ...present("auth", authOf(operation)),
    ...present("hostPrefix", operation.endpoint?.hostPrefix),
    ...present("context", contextOf(operation)),
    ...present("checksum", checksumOf(operation)),
    ...present("errors", errors.length > 0 ? errors : undefined),
    ...flag("idempotent", rules.idempotent?.[operation.name] ?? byMethod),
    ...present("unlessGiven", rules.unlessGiven?.[operation.name]),
    ...flag(
      "errorInSuccess",
      rules.errorInSuccess && answersDocument(operation, shapes.model),
    ),
  };
}

function pathOf(operation: ModelOperation, rules: ServiceRules): string {
  const path = operation.http?.requestUri ?? "/";
  return rules.bucketInEndpoint ? path.replace(/^\/\{Bucket\}/, "") : path;
}

/**
 * The root of the request's document, where one is made of the members that
 * travel nowhere else. The model names it; an unnamed one is called after the
 * shape.
 */
function rootOf(
  operation: ModelOperation,
  { model }: Shapes,
): AnyOperation["root"] {
  const name = operation.input?.shape;
  if (name === undefined || model.metadata.protocol !== "rest-xml") return;
  const shape = modelShape(name, model);
  const travelsInBody = Object.values(shape.members ?? {})
    .some((use) => locationOf(use, modelShape(use.shape, model)) === undefined);
  if (shape.payload !== undefined || !travelsInBody) return;
  const namespace = operation.input?.xmlNamespace ?? shape.xmlNamespace ??
    model.metadata.xmlNamespace;
  return {
    // The model converters give the use a name of their own.
    name: shape.locationName ?? operation.input?.locationName ?? name,
    ...present("namespace", namespaceFrom(namespace)),
  };
}

/** The names of the root of an answer whose members are no payload. */
function answerRootsOf(
  { name, output }: ModelOperation,
  model: ServiceModel,
  { roots }: ServiceRules,
): readonly string[] | undefined {
  if (roots === undefined || output?.shape === undefined) return;
  const { payload, members = {} } = modelShape(output.shape, model);
  const documented = payload === undefined &&
    Object.values(members).some((use) => {
      const at = locationOf(use, modelShape(use.shape, model));
      return at === undefined || at === "text";
    });
  if (!documented) return;
  const known = roots[name];
  if (known !== undefined) return known;
  throw new TypeError(
    `Cannot build ${name}: no row in the corrections says what the root of its answer is called`,
  );
}

/** The query protocol wraps results in `<Name>Result` where the model is silent. */
function wrapperOf(
  { name, output }: ModelOperation,
  model: ServiceModel,
): string | undefined {
  if (output?.shape === undefined) return;
  const said = output.resultWrapper ??
    modelShape(output.shape, model).resultWrapper;
  return said ?? (model.metadata.protocol === "query" ? `${name}Result` : said);
}

function authOf(operation: ModelOperation): AnyOperation["auth"] {
  if (operation.authtype === "none") return "none";
  if (operation.auth?.includes("smithy.api#noAuth")) return "none";
  const unsignedBody = operation.unsignedPayload ||
    operation.authtype === "v4-unsigned-body";
  return unsignedBody ? "unsigned-body" : undefined;
}

function contextOf(operation: ModelOperation): AnyOperation["context"] {
  const constants = operation.staticContextParams;
  if (constants === undefined) return;
  return Object.fromEntries(
    Object.entries(constants).map(([name, { value }]) => [name, `${value}`]),
  );
}

function checksumOf(operation: ModelOperation): ChecksumTraits | undefined {
  const traits = operation.httpChecksum;
  if (traits === undefined) return;
  return {
    ...present("algorithmMember", traits.requestAlgorithmMember),
    ...flag("required", traits.requestChecksumRequired),
    ...present("modeMember", traits.requestValidationModeMember),
  };
}

/**
 * Whether a response is a document to parse, and so may be a success with an error
 * in its body: not where there is no output, nor where the body is an event
 * stream, bytes or text.
 */
function answersDocument(
  operation: ModelOperation,
  model: ServiceModel,
): boolean {
  if (operation.output?.shape === undefined) return false;
  const { payload, members } = modelShape(operation.output.shape, model);
  const use = payload === undefined ? undefined : members?.[payload];
  if (use === undefined) return true;
  const { type, eventstream } = modelShape(use.shape, model);
  return type !== "blob" && type !== "string" && !eventstream;
}

/**
 * The errors of a service, not only those that an operation names: any error may
 * come from any operation.
 */
function errorsOf(shapes: Shapes): readonly ErrorTraits[] {
  return Object.entries(shapes.model.shapes)
    .filter(([, shape]) => shape.exception)
    .filter(([, { members = {}, retryable }]) =>
      Object.keys(members).length > 0 || retryable !== undefined
    )
    .map(([name, shape]) => ({
      code: shape.error?.code ?? name,
      ...present("retryable", retryableOf(shape)),
      ...(Object.keys(shape.members ?? {}).length > 0
        ? { shape: structureOf(name, shapes) }
        : {}),
    }));
}

function retryableOf({ retryable }: ModelShape): ErrorTraits["retryable"] {
  if (retryable === undefined) return;
  return retryable.throttling ? "throttling" : "transient";
}
