/**
 * Builds the shapes of a service from its model, as values.
 *
 * @module
 */
import type {
  Location,
  Member,
  ScalarType,
  Shape,
  StructureShape,
  XmlNamespace,
} from "../../src/ports/schema.ts";
import type {
  ModelNamespace,
  ModelShape,
  ServiceModel,
  ShapeUse,
} from "./model.ts";

/** The shapes of a model, and those built so far. */
export interface Shapes {
  readonly model: ServiceModel;
  readonly byName: Map<string, Shape>;
}

const LOCATIONS: Readonly<Record<string, Location>> = {
  header: "header",
  headers: "headers",
  querystring: "query",
  statusCode: "status",
  text: "text",
  uri: "path",
};

const TIMES: Readonly<Record<string, Member["time"]>> = {
  iso8601: "iso8601",
  rfc822: "http-date",
  unixTimestamp: "epoch",
};

/** The types without members; the narrow numbers are plain integers here. */
export const SCALARS: Readonly<Record<string, ScalarType>> = {
  blob: "blob",
  boolean: "boolean",
  byte: "integer",
  character: "string",
  double: "double",
  float: "float",
  integer: "integer",
  long: "long",
  short: "integer",
  string: "string",
  timestamp: "timestamp",
};

/** The shape of operations without parameters or without a result. */
const NOTHING: StructureShape = { kind: "structure", members: {} };

/** A thunk of a structure; of one without members where the model names none. */
export function structureOf(
  name: string | undefined,
  shapes: Shapes,
): () => StructureShape {
  if (name === undefined) return () => NOTHING;
  return () => {
    const shape = shapeNamed(name, shapes);
    if (shape.kind === "structure") return shape;
    throw new TypeError(
      `Cannot use ${name} as a structure: it is a ${shape.kind}`,
    );
  };
}

/** The one object that stands for a shape of the model. */
export function shapeNamed(name: string, shapes: Shapes): Shape {
  const known = shapes.byName.get(name);
  if (known !== undefined) return known;
  const shape = shapeFrom(name, modelShape(name, shapes.model), shapes);
  shapes.byName.set(name, shape);
  return shape;
}

function shapeFrom(name: string, shape: ModelShape, shapes: Shapes): Shape {
  if (shape.type === "structure") return structureFrom(shape, shapes);
  if (shape.type === "list" && shape.member !== undefined) {
    return { kind: "list", item: partOf(shape.member, "member", shapes) };
  }
  if (shape.type === "map" && shape.key && shape.value) {
    return {
      kind: "map",
      key: partOf(shape.key, "key", shapes),
      value: partOf(shape.value, "value", shapes),
    };
  }
  throw new TypeError(`Cannot build ${name}: no type "${shape.type}"`);
}

function structureFrom(shape: ModelShape, shapes: Shapes): StructureShape {
  const members = Object.entries(shape.members ?? {}).map(([name, use]) => {
    const member = name === shape.payload
      ? payloadOf(name, use, shapes)
      : partOf(use, name, shapes);
    const required = shape.required?.includes(name);
    return [name, { ...member, ...flag("required", required) }];
  });
  return {
    kind: "structure",
    members: Object.fromEntries(members),
    ...flag("union", shape.union),
    ...flag("events", shape.eventstream),
    ...present("lastEvent", shape.lastEvent),
  };
}

/** A use of a shape: the traits of the use go before those of the shape. */
function partOf(use: ShapeUse, ownName: string, shapes: Shapes): Member {
  const shape = modelShape(use.shape, shapes.model);
  const at = locationOf(use, shape);
  const name = use.locationName ?? nameOfUses(shape);
  return {
    of: SCALARS[shape.type] ?? (() => shapeNamed(use.shape, shapes)),
    ...present("at", at),
    ...present("name", name === ownName ? undefined : name),
    ...present("min", shape.min && shape.min > 0 ? shape.min : undefined),
    ...flag("flat", use.flattened ?? shape.flattened),
    ...present("time", timeOf(use, shape, at)),
    ...flag("secret", use.sensitive ?? shape.sensitive),
    ...flag("stream", use.streaming ?? shape.streaming),
    ...flag("attribute", use.xmlAttribute),
    ...present(
      "namespace",
      namespaceFrom(use.xmlNamespace ?? shape.xmlNamespace),
    ),
    ...flag("token", use.idempotencyToken),
    ...flag("label", use.hostLabel),
    ...flag("json", use.jsonvalue),
    ...flag("lenient", use.lenient),
    ...flag("always", use.always),
    ...present("context", use.contextParam?.name),
  };
}

/**
 * The member that is the whole body. Its name is the document's root.
 *
 * Models converted from Smithy repeat the member's own name where none is meant:
 * there the shape names the root, by its trait or by its own name. Where the use
 * carries a namespace, the service wants the name that stands there (S3: the
 * root of `BucketLifecycleConfiguration` is `LifecycleConfiguration`).
 */
function payloadOf(ownName: string, use: ShapeUse, shapes: Shapes): Member {
  const shape = modelShape(use.shape, shapes.model);
  const member = { ...partOf(use, ownName, shapes), at: "payload" } as const;
  if (shape.type !== "structure" || shape.eventstream) return member;
  const meant = use.locationName !== ownName || use.xmlNamespace !== undefined;
  const said = meant ? use.locationName : undefined;
  const name = said ?? shape.locationName ?? use.shape;
  const { name: _habit, ...rest } = member;
  return { ...rest, ...present("name", name === ownName ? undefined : name) };
}

/**
 * The name that a shape gives to its uses. That of a structure is only for roots;
 * items of a list that is flat by its shape take the name of the item.
 */
function nameOfUses(shape: ModelShape): string | undefined {
  if (shape.type === "structure") return undefined;
  return shape.flattened && shape.member?.locationName || shape.locationName;
}

/** Where a use travels; `undefined`: in a document. */
export function locationOf(
  use: ShapeUse,
  shape: ModelShape,
): Location | undefined {
  if (use.eventheader) return "header";
  if (use.eventpayload) return "payload";
  const location = use.location ?? shape.location;
  return location === undefined ? undefined : LOCATIONS[location];
}

function timeOf(
  use: ShapeUse,
  shape: ModelShape,
  at: Location | undefined,
): Member["time"] {
  const format = use.timestampFormat ?? shape.timestampFormat;
  if (shape.type !== "timestamp" || format === undefined) return;
  const habit = at === "header" ? "http-date" : "iso8601";
  const time = TIMES[format];
  return time === habit ? undefined : time;
}

/** The long form of a namespace. */
export function namespaceFrom(
  namespace: ModelNamespace | undefined,
): XmlNamespace | undefined {
  return typeof namespace === "string" ? { uri: namespace } : namespace;
}

/** Looks a shape up in the model. */
export function modelShape(name: string, model: ServiceModel): ModelShape {
  const shape = model.shapes[name];
  if (shape === undefined) {
    throw new TypeError(`The model has no shape "${name}"`);
  }
  return shape;
}

/** `{ [key]: value }`, or nothing where there is no value. */
export function present<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  if (value === undefined) return {};
  // The compiler takes a computed key for any string.
  return { [key]: value } as { [K in Key]: Value };
}

/** `{ [key]: true }`, or nothing. */
export function flag<Key extends string>(
  key: Key,
  value: boolean | undefined,
): { readonly [K in Key]?: true } {
  return present(key, value ? true : undefined);
}
