import { assertEquals } from "./equality.ts";

type Seen = WeakMap<object, object>;

/**
 * Fails unless `actual` has everything `expected` has; what it has besides is
 * left out, at every depth. The class of objects does not count.
 */
export function assertObjectMatch(
  actual: object,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(
    narrowObject(actual, expected, new WeakMap()),
    narrowObject(expected, expected, new WeakMap()),
    msg,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Reduces `value` to the parts `by` names too. */
function narrow(value: unknown, by: unknown, seen: Seen): unknown {
  if (value instanceof RegExp || value instanceof Date) return value;
  if (Array.isArray(value) && Array.isArray(by)) {
    return narrowArray(value, by, seen);
  }
  if (!isObject(value) || !isObject(by)) return value;
  if (value instanceof Map && by instanceof Map) {
    return narrowMap(value, by, seen);
  }
  if (value instanceof Set && by instanceof Set) return value.intersection(by);
  return narrowObject(value, by, seen);
}

function narrowObject(value: object, by: object, seen: Seen): object {
  if (!isObject(value) && typeof value !== "function") {
    const what = value === null ? "null" : `type ${typeof value}`;
    throw new TypeError(`Cannot assertObjectMatch ${what}`);
  }
  if (seen.get(value) === by) return value;
  seen.set(value, by);
  const keys = Reflect.ownKeys(value);
  const wanted = new Set(Reflect.ownKeys(by));
  const shared = keys.filter((key) => wanted.has(key));
  const result = {};
  if (keys.length > 0 && wanted.size > 0 && shared.length === 0) {
    // Nothing in common: keep all, so that the failure shows it.
    for (const key of keys) define(result, key, Reflect.get(value, key));
    return result;
  }
  for (const key of shared) {
    const item = narrow(Reflect.get(value, key), Reflect.get(by, key), seen);
    define(result, key, item);
  }
  return result;
}

function narrowArray(value: unknown[], by: unknown[], seen: Seen): unknown[] {
  if (seen.get(value) === by) return value;
  seen.set(value, by);
  return Array.from(
    { length: Math.min(value.length, by.length) },
    (_, i) => narrow(value[i], by[i], seen),
  );
}

/** Objects of any kind inside a map are compared as plain ones. */
function narrowMap(
  value: Map<unknown, unknown>,
  by: Map<unknown, unknown>,
  seen: Seen,
): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  for (const [key, item] of value) {
    if (!by.has(key)) continue;
    const other = by.get(key);
    const both = isObject(item) && isObject(other);
    result.set(key, both ? narrowObject(item, other, seen) : item);
  }
  return result;
}

function define(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
