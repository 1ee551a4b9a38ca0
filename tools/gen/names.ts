/**
 * What the shapes of a model are called in TypeScript.
 *
 * @module
 */
import type { Corrections } from "./corrections.ts";
import type { ModelShape, ServiceModel } from "./model.ts";

/** Names of the shapes and of what they hang together with. */
export interface Names {
  /** Name of a shape, as type and as table. */
  readonly of: (shape: string) => string;
  /** Shapes that are parts of other shapes. */
  readonly parts: ReadonlySet<string>;
}

/**
 * Names the shapes: inputs and outputs after their operation, the others as in
 * the model, in capitals, save where the corrections say otherwise.
 *
 * @throws {TypeError} If two things would have the same name.
 */
export function namesOf(
  model: ServiceModel,
  { names }: Pick<Corrections, "names">,
): Names {
  const parts = new Set(
    Object.values(model.shapes).flatMap((shape) => shapesUsedBy(shape)),
  );
  const named = new Map<string, string>();
  for (const { name, input, output } of Object.values(model.operations)) {
    for (
      const [io, suffix] of [[input, "Input"], [output, "Output"]] as const
    ) {
      const shape = io?.shape;
      if (shape === undefined || parts.has(shape) || named.has(shape)) continue;
      named.set(shape, `${name}${suffix}`);
    }
  }
  for (const shape of Object.keys(model.shapes)) {
    if (!named.has(shape)) named.set(shape, names[shape] ?? capital(shape));
  }
  refuseDoubles(model, named);
  return {
    of: (shape) => {
      const name = named.get(shape);
      if (name !== undefined) return name;
      throw new TypeError(`The model has no shape "${shape}"`);
    },
    parts,
  };
}

/** `getObject` of `GetObject`. */
export function methodName(operation: string): string {
  return `${operation.charAt(0).toLowerCase()}${operation.slice(1)}`;
}

/** The shapes that a shape mentions. */
export function shapesUsedBy(shape: ModelShape): readonly string[] {
  const uses = [
    ...Object.values(shape.members ?? {}),
    shape.member,
    shape.key,
    shape.value,
  ];
  return uses.flatMap((use) => use === undefined ? [] : [use.shape]);
}

function refuseDoubles(
  model: ServiceModel,
  named: ReadonlyMap<string, string>,
): void {
  const taken = new Map(
    Object.keys(model.operations).map((name) => [name, `operation ${name}`]),
  );
  for (const [shape, name] of named) {
    const { type, enum: values } = model.shapes[shape] ?? {};
    const hasName = type === "structure" || type === "list" ||
      type === "map" || values !== undefined;
    if (!hasName) continue;
    const other = taken.get(name);
    if (other !== undefined) {
      throw new TypeError(
        `Cannot call shape ${shape} "${name}": ${other} has that name`,
      );
    }
    taken.set(name, `shape ${shape}`);
  }
}

function capital(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
