import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unimplemented,
  unreachable,
} from "@std/assert";

/** Runs a check that must fail and returns its message. */
function failure(check: () => void): string {
  return assertThrows(check, AssertionError).message;
}

Deno.test("truth checks", () => {
  assert(1);
  assertFalse("");
  assertExists(0);
  assertStrictEquals(failure(() => assert(0)), "");
  assertStrictEquals(failure(() => assertFalse(1, "note")), "note");
  assertStrictEquals(
    failure(() => assertExists(null)),
    'Expected actual: "null" to not be null or undefined.',
  );
  assertStrictEquals(failure(() => fail()), "Failed assertion.");
  assertStrictEquals(failure(() => unreachable("x")), "Unreachable: x");
  assertStrictEquals(failure(() => unimplemented()), "Unimplemented.");
});

Deno.test("instance checks", () => {
  assertInstanceOf(new RangeError(), Error);
  assertNotInstanceOf(new Date(), RegExp);
  const names: [unknown, string][] = [
    [null, ' but was "null".'],
    [1, ' but was "number".'],
    [() => 1, " but was not an instanced object."],
    [[], ' but was "Array".'],
  ];
  for (const [value, end] of names) {
    assertStrictEquals(
      failure(() => assertInstanceOf(value, Map)),
      `Expected object to be an instance of "Map"${end}`,
    );
  }
});

Deno.test("equality failures show a line diff", () => {
  assertEquals({ a: [1, { b: NaN }] }, { a: [1, { b: NaN }] });
  assertNotEquals<unknown>([1], ["1"]);
  assertStrictEquals(
    failure(() => assertEquals([1, 2, 3], [1, 4, 3], "note")),
    [
      "Values are not equal: note",
      "\n\n    [Diff] Actual / Expected\n\n",
      "    [",
      "      1,",
      "-     2,",
      "+     4,",
      "      3,",
      "    ]\n",
    ].join("\n"),
  );
  assertStringIncludes(
    failure(() => assertEquals("a\r\nb", "a\nb")),
    "-   a\\r\\n\n+   a\\n\n    b\n",
  );
  assertStrictEquals(
    failure(() => assertNotEquals(1, 1)),
    "Expected actual: 1 not to be: 1.",
  );
});

Deno.test("identity uses Object.is", () => {
  assertStrictEquals(NaN, NaN);
  assertNotStrictEquals(0, -0);
  assertNotStrictEquals({}, {});
  assertStrictEquals(
    failure(() => assertStrictEquals({ a: 1 }, { a: 1 })),
    "Values have the same structure but are not reference-equal.\n\n" +
      "    {\n      a: 1,\n    }\n",
  );
  assertStringIncludes(
    failure(() => assertStrictEquals(1, 2)),
    "Values are not strictly equal.\n",
  );
});

Deno.test("text and list checks", () => {
  assertMatch("abc", /b/);
  assertNotMatch("abc", /d/);
  assertStringIncludes("abc", "bc");
  assertArrayIncludes([{ a: 1 }, { b: 2 }], [{ b: 2 }]);
  assertArrayIncludes(new Uint8Array([1, 2]), new Uint8Array([2]));
  assertStrictEquals(
    failure(() => assertMatch("a", /b/)),
    'Expected actual: "a" to match: "/b/".',
  );
  assertStringIncludes(
    failure(() => assertArrayIncludes([1], [1, 2], "note")),
    ": note\nmissing: [\n  2,\n]",
  );
});

Deno.test("order checks", () => {
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess("a", "b");
  assertLessOrEqual(1n, 1n);
  assertStrictEquals(failure(() => assertLess(2, 1)), "Expect 2 < 1");
  assertStrictEquals(failure(() => assertGreater(1, 1, "n")), "n");
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(1, 1.4, 0.5);
  assertStrictEquals(
    failure(() => assertAlmostEquals(1, 2)),
    'Expected actual: "1" to be close to "2": delta "1" is greater than "2e-7".',
  );
});

Deno.test("object match", () => {
  class Point {
    x = 1;
    y = 2;
  }
  assertObjectMatch(new Point(), { x: 1 });
  assertObjectMatch({ a: { b: 1, c: 2 }, d: [{ e: 1, f: 2 }, 3] }, {
    a: { c: 2 },
    d: [{ e: 1 }],
  });
  assertObjectMatch({ m: new Map([["a", 1], ["b", 2]]), s: new Set([1, 2]) }, {
    m: new Map([["b", 2]]),
    s: new Set([1]),
  });
  const loop: Record<string, unknown> = { n: 1 };
  loop.self = loop;
  assertObjectMatch(loop, loop);
  failure(() => assertObjectMatch({ a: 1 }, { a: 2 }));
  failure(() => assertObjectMatch({ a: 1 }, { b: 1 }));
  failure(() => assertObjectMatch({ a: new Date(0) }, { a: new Date(1) }));
});

Deno.test("throws", () => {
  const error = new TypeError("\x1b[31mred\x1b[0m rose");
  const raise = (): never => {
    throw error;
  };
  assertStrictEquals(assertThrows(raise), error);
  const typed: TypeError = assertThrows(raise, TypeError, "red rose");
  assertStrictEquals(typed, error);
  assertIsError(error, Error, /rose$/);
  assertStrictEquals(
    failure(() => assertThrows(raise, RangeError, "x", "note")),
    'Expected error to be instance of "RangeError", but was "TypeError": note',
  );
  assertMatch(
    failure(() => assertThrows(raise, Error, "blue")),
    /^Expected error message to include "blue", but got "/,
  );
  assertStrictEquals(
    failure(() => assertThrows(() => 1, "note")),
    "Expected function to throw: note",
  );
  assertStrictEquals(
    failure(() =>
      assertThrows(() => {
        throw "text";
      }, Error)
    ),
    "A non-Error object was thrown.",
  );
});

Deno.test("rejects", async () => {
  const error = new RangeError("too far");
  const reject = (): Promise<never> => Promise.reject(error);
  assertStrictEquals(await assertRejects(reject), error);
  const typed: RangeError = await assertRejects(reject, RangeError, "far");
  assertStrictEquals(typed, error);
  const cases: [() => Promise<unknown>, string][] = [
    [() => Promise.resolve(), "Expected function to reject."],
    [() => {
      throw error;
    }, "Function throws when expected to reject."],
    [() => Promise.reject("text"), "A non-Error object was rejected."],
  ];
  for (const [fn, message] of cases) {
    const failed = await assertRejects(
      () => assertRejects(fn, Error),
      AssertionError,
    );
    assertStrictEquals(failed.message, message);
  }
});
