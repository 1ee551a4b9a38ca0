/**
 * Values whose secrets are not shown when they are printed.
 *
 * @module
 */
import { WITHHELD } from "./redact.ts";

/** Asked by `console.log` and `inspect` of Node, Deno and Bun. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * Makes the prototype of objects that are printed without some of their members.
 * The members are there to be read, copied and written as JSON.
 *
 * @param names Names of the members.
 */
export function withholding(names: readonly string[]): object {
  const inspected = function (
    this: Readonly<Record<string, unknown>>,
  ): Record<string, unknown> {
    const shown: Record<string, unknown> = { ...this };
    for (const name of names) {
      if (shown[name] !== undefined) shown[name] = WITHHELD;
    }
    return shown;
  };
  return Object.create(Object.prototype, { [INSPECT]: { value: inspected } });
}

/**
 * Copies an object that is printed without one of its members, as that is
 * printed elsewhere.
 *
 * @param value The object.
 * @param name Name of the member.
 */
export function printedWithout<Value extends object>(
  value: Value,
  name: keyof Value,
): Value {
  const { [name]: _elsewhere, ...shown } = value;
  return Object.defineProperty({ ...value }, INSPECT, { value: () => shown });
}
