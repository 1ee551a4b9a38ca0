type Key = string | symbol;
type Pairs = Map<object, object>;

const temporal: Record<string, unknown> = Reflect.get(globalThis, "Temporal") ??
  {};

/** Classes whose instances are the same when their texts are. */
const byText: ReadonlySet<unknown> = new Set(
  [
    Intl.Locale,
    RegExp,
    URL,
    URLSearchParams,
    ...[
      "Duration",
      "Instant",
      "PlainDate",
      "PlainDateTime",
      "PlainTime",
      "PlainYearMonth",
      "PlainMonthDay",
      "ZonedDateTime",
    ].map((name) => temporal[name]),
  ].filter((type) => typeof type === "function").map((type) => type.prototype),
);

/**
 * Tells whether two values have the same structure. `NaN` equals itself and
 * `-0` equals `0`; a null prototype counts as a plain object.
 */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

function same(a: unknown, b: unknown, seen: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (!sameClass(a, b)) return false;
  if (isBytes(a) && isBytes(b)) return sameItems(items(a), items(b));
  for (const weak of [WeakMap, WeakSet]) {
    if (a instanceof weak) {
      throw new TypeError(`Cannot compare ${weak.name} instances`);
    }
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return same(a.deref(), b.deref(), seen);
  }
  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  // A pair once met counts as equal from here on: that is what ends cycles.
  seen.set(a, b);
  if (a instanceof Set && b instanceof Set) return sameSets(a, b, seen);
  if (a instanceof Map && b instanceof Map) return sameMaps(a, b, seen);
  if (byText.has(Object.getPrototypeOf(a))) return String(a) === String(b);
  for (const key of keysToCompare(a, b)) {
    if (!same(Reflect.get(a, key), Reflect.get(b, key), seen)) return false;
    if (Reflect.has(a, key) !== Reflect.has(b, key)) return false;
  }
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isPrimitive(value: unknown): boolean {
  return value === null ||
    (typeof value !== "object" && typeof value !== "function");
}

function sameClass(a: object, b: object): boolean {
  const [left, right] = [a, b].map((value) =>
    Object.getPrototypeOf(value) ?? Object.prototype
  );
  return left === right;
}

function isBytes(value: object): value is ArrayBufferView | ArrayBuffer {
  return (ArrayBuffer.isView(value) && !(value instanceof DataView)) ||
    value instanceof ArrayBuffer ||
    // Pages have it where they are isolated from other origins only.
    "SharedArrayBuffer" in globalThis && value instanceof SharedArrayBuffer;
}

function items(value: ArrayBufferView | ArrayBufferLike): ArrayLike<unknown> {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
  return value as ArrayBufferView & ArrayLike<unknown>;
}

function sameItems(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  }
  return true;
}

function sameSets(a: Set<unknown>, b: Set<unknown>, seen: Pairs): boolean {
  if (a.size !== b.size) return false;
  if ([...a].every(isPrimitive)) return [...a].every((item) => b.has(item));
  return [...a].every((item) =>
    [...b].some((other) => same(item, other, seen))
  );
}

function sameMaps(
  a: Map<unknown, unknown>,
  b: Map<unknown, unknown>,
  seen: Pairs,
): boolean {
  if (a.size !== b.size) return false;
  const entries = [...a];
  if (entries.every(([key]) => isPrimitive(key))) {
    return entries.every(([key, value]) =>
      b.has(key) && same(value, b.get(key), seen)
    );
  }
  return entries.every(([key, value]) =>
    [...b].some(([otherKey, other]) =>
      same(key, otherKey, seen) && same(value, other, seen)
    )
  );
}

/** Plain objects and arrays: own enumerable keys. Others: inherited ones too. */
function keysToCompare(a: object, b: object): Iterable<Key> {
  const proto = Object.getPrototypeOf(a);
  if (
    proto === null || proto === Object.prototype || proto === Array.prototype
  ) {
    return Reflect.ownKeys({ ...a, ...b });
  }
  return allKeys(a).union(allKeys(b));
}

function allKeys(value: object): Set<Key> {
  const keys = new Set<Key>();
  let at: object | null = value;
  while (at && at !== Object.prototype && at !== Array.prototype) {
    for (const key of Reflect.ownKeys(at)) keys.add(key);
    at = Object.getPrototypeOf(at);
  }
  return keys;
}
