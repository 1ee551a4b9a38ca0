import { assertStrictEquals, assertThrows, equal } from "@std/assert";

class Box {
  #hidden: number;
  value: number;
  constructor(value: number, hidden = 0) {
    this.value = value;
    this.#hidden = hidden;
  }
  get secret(): number {
    return this.#hidden;
  }
}
class OtherBox extends Box {}

const key = Symbol("key");

const same: [unknown, unknown][] = [
  [NaN, NaN],
  [0, -0],
  [[0], [-0]],
  [{ a: 1 }, Object.assign(Object.create(null), { a: 1 })],
  [{ [key]: 1 }, { [key]: 1 }],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  [new Date(5), new Date(5)],
  [new Date(NaN), new Date(NaN)],
  [/a/g, /a/g],
  [new URL("https://a.example/b"), new URL("https://a.example/b")],
  [new URLSearchParams("a=1"), new URLSearchParams("a=1")],
  [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  [new Float32Array([NaN, 0]), new Float32Array([NaN, -0])],
  [new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
  [new Set([1, 2]), new Set([2, 1])],
  [new Set([{ a: 1 }, { b: 2 }]), new Set([{ b: 2 }, { a: 1 }])],
  [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
  [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
  [new Box(1), new Box(1)],
  [new WeakRef(key), new WeakRef(key)],
];

const different: [unknown, unknown][] = [
  [1, "1"],
  [null, undefined],
  [null, {}],
  [[], {}],
  [() => 1, () => 1],
  [{ a: undefined }, {}],
  [{ a: undefined, b: 1 }, { b: 1, c: undefined }],
  [{ [key]: 1 }, { [key]: 2 }],
  [[1, 2], [2, 1]],
  [[undefined], new Array(1)],
  [new Date(5), new Date(6)],
  [/a/g, /a/i],
  [new URL("https://a.example/b"), new URL("https://a.example/c")],
  [new Uint8Array([1]), new Int8Array([1])],
  [new Uint8Array([1]), new Uint8Array([1, 2])],
  [new Uint8Array([1]), [1]],
  [new Set([1]), new Set([2])],
  [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  [new Map([["a", 1]]), new Map([["a", 2]])],
  [new Map([["a", undefined]]), new Map([["b", undefined]])],
  [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 2]])],
  [new Box(1), new OtherBox(1)],
  [new Box(1), { value: 1 }],
  [new Box(1, 1), new Box(1, 2)],
  [new Error("a"), new Error("b")],
];

Deno.test("equal finds the same structure", () => {
  for (const [a, b] of same) {
    assertStrictEquals(equal(a, b), true, Deno.inspect([a, b]));
    assertStrictEquals(equal(b, a), true, Deno.inspect([b, a]));
  }
});

Deno.test("equal tells different values apart", () => {
  for (const [a, b] of different) {
    assertStrictEquals(equal(a, b), false, Deno.inspect([a, b]));
    assertStrictEquals(equal(b, a), false, Deno.inspect([b, a]));
  }
});

Deno.test("equal ends on cycles", () => {
  const [a, b] = [1, 1].map((n) => {
    const node: Record<string, unknown> = { n };
    node.self = node;
    return node;
  });
  assertStrictEquals(equal(a, b), true);
  assertStrictEquals(equal(a, { n: 1, self: { n: 2, self: a } }), false);
});

Deno.test("equal refuses weak collections", () => {
  assertThrows(
    () => equal(new WeakMap(), new WeakMap()),
    TypeError,
    "Cannot compare WeakMap instances",
  );
  assertThrows(
    () => equal(new WeakSet(), new WeakSet()),
    TypeError,
    "Cannot compare WeakSet instances",
  );
});
