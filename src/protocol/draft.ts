/**
 * What the drafts of all protocols have in common.
 *
 * @module
 */
import { ValidationError } from "../foundation/errors.ts";
import type { SerializedRequest } from "../ports/protocol.ts";
import type { Operation, StructureShape } from "../ports/schema.ts";
import { given, isValues, type Values } from "./members.ts";
import { PreparedShape } from "./prepared_shape.ts";
import { validated } from "./validate.ts";

/** A name or several, as a host takes them (RFC 1123, section 2.1). */
const HOST_NAME = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;

/** An input that is ready to be written. */
export interface CheckedInput {
  /** The operation's input. */
  readonly shape: StructureShape;
  /** The values, tokens included. */
  readonly values: Values;
  /** The part of the draft that does not depend on the protocol. */
  readonly target: Pick<SerializedRequest, "context" | "hostPrefix" | "method">;
}

/**
 * Checks an input and finds what the host depends on.
 *
 * @param operation The operation's table.
 * @param input What the caller gave.
 * @param uuid Makes the idempotency tokens that are not given.
 * @throws {ValidationError} If the input does not fit.
 */
export function checkedInput<Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  uuid: () => string,
): CheckedInput {
  const shape = operation.input();
  const values = validated(
    operation.name,
    shape,
    withTokens(shape, input, uuid),
  );
  const context: Record<string, string> = { ...operation.context };
  for (const [, member, value] of given(shape, values)) {
    if (member.context !== undefined) context[member.context] = String(value);
  }
  const { method, hostPrefix } = operation;
  const target = hostPrefix === undefined ? { method, context } : {
    method,
    context,
    hostPrefix: filledPrefix(operation.name, hostPrefix, values),
  };
  return { shape, values, target };
}

function withTokens(
  shape: StructureShape,
  input: unknown,
  uuid: () => string,
): unknown {
  const { tokens } = PreparedShape.of(shape);
  if (tokens.length === 0 || !isValues(input)) return input;
  const made = tokens
    .filter(({ key }) => input[key] === undefined)
    .map(({ key }) => [key, uuid()] as const);
  return made.length === 0 ? input : { ...input, ...Object.fromEntries(made) };
}

function filledPrefix(
  operation: string,
  template: string,
  values: Values,
): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => {
    const label = String(values[key] ?? "");
    if (HOST_NAME.test(label)) return label;
    throw new ValidationError(operation, [{
      path: key,
      problem:
        "must be letters, digits, hyphens and dots, as it is part of the host",
    }]);
  });
}
