/**
 * Calls of every operation, made from the tables.
 *
 * @module
 */
import type { Session } from "../src/session/session.ts";
import type { Member, Operation, StructureShape } from "../src/ports/schema.ts";
import * as S3Operations from "../src/services/s3/mod.ts";
import * as StsOperations from "../src/services/sts/mod.ts";

/** What an input is made of, beside what is required. */
export interface SampleOptions {
  /** Value of the members that are marked as secret; absent: as any other. */
  readonly secret?: string;
  /** Members that are given although they are not required. */
  readonly also?: (name: string, member: Member, depth: number) => boolean;
}

/** An operation, and how it is called. */
export interface SampleOperation {
  /** The service. */
  readonly service: "s3" | "sts";
  /** Its table. */
  readonly table: Operation<unknown, unknown>;
  /** Calls it by the method of a client. */
  readonly call: (session: Session, input: unknown) => Promise<unknown>;
}

/** All operations of all services. */
export function allOperations(): SampleOperation[] {
  return [
    ...tablesIn(S3Operations).map((table): SampleOperation => ({
      service: "s3",
      table,
      call: (session, input) =>
        callOn(session.client(S3Operations.S3), table, input),
    })),
    ...tablesIn(StsOperations).map((table): SampleOperation => ({
      service: "sts",
      table,
      call: (session, input) =>
        callOn(session.client(StsOperations.STS), table, input),
    })),
  ];
}

async function callOn(
  client: object,
  { name }: Operation<unknown, unknown>,
  input: unknown,
): Promise<unknown> {
  const method = name.charAt(0).toLowerCase() + name.slice(1);
  return await Reflect.get(client, method).call(client, input);
}

function tablesIn(module: object): Operation<unknown, unknown>[] {
  return Object.values(module).filter((value) =>
    typeof value === "object" && value !== null && "method" in value
  );
}

/** Values that a table accepts. */
export function sampleOf(
  shape: StructureShape,
  options: SampleOptions = {},
  depth = 0,
): Readonly<Record<string, unknown>> {
  const { also = () => false } = options;
  return Object.fromEntries(
    Object.entries(shape.members)
      .filter(([name, member]) => member.required || also(name, member, depth))
      .map(([name, member]) => [name, valueOf(name, member, options, depth)]),
  );
}

/** Whether a member is a secret, or has one in it. */
export function holdsSecret(member: Member, depth: number): boolean {
  if (member.secret) return true;
  if (typeof member.of === "string" || depth > 4) return false;
  const shape = member.of();
  if (shape.kind === "structure") {
    return Object.values(shape.members).some((inner) =>
      holdsSecret(inner, depth + 1)
    );
  }
  return holdsSecret(
    shape.kind === "list" ? shape.item : shape.value,
    depth + 1,
  );
}

function valueOf(
  name: string,
  member: Member,
  options: SampleOptions,
  depth: number,
): unknown {
  switch (member.of) {
    case "string":
      return textFor(name, member, options).padEnd(member.min ?? 0, "x");
    case "blob":
      return "body";
    case "boolean":
      return true;
    case "timestamp":
      return new Date(0);
    case "double":
    case "float":
    case "integer":
    case "long":
      return 1;
  }
  const shape = member.of();
  if (shape.kind === "list") {
    return [valueOf("item", shape.item, options, depth + 1)];
  }
  if (shape.kind === "map") {
    return { key: valueOf("value", shape.value, options, depth + 1) };
  }
  return shape.union
    ? oneOf(shape, options, depth + 1)
    : sampleOf(shape, options, depth + 1);
}

function textFor(
  name: string,
  { secret }: Member,
  options: SampleOptions,
): string {
  if (secret && options.secret !== undefined) return options.secret;
  return name === "RoleArn" ? "arn:aws:iam::123456789012:role/r" : "photos";
}

/** One member of a union: one that holds a secret, if there is one. */
function oneOf(
  { members }: StructureShape,
  options: SampleOptions,
  depth: number,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(members);
  const [name, member] =
    entries.find(([, member]) => holdsSecret(member, depth)) ?? entries[0] ??
      [];
  return name === undefined || member === undefined
    ? {}
    : { [name]: valueOf(name, member, options, depth) };
}
