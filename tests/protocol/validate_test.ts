import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ValidationError,
  type ValidationProblem,
} from "../../src/foundation/errors.ts";
import type { Member, StructureShape } from "../../src/ports/schema.ts";
import { validated } from "../../src/protocol/validate.ts";
import { structure } from "./tables.ts";

const Deletion = structure({
  Objects: {
    of: () => ({
      kind: "list",
      item: { of: () => structure({ Key: { of: "string", required: true } }) },
    }),
    required: true,
    min: 1,
  },
  Quiet: { of: "boolean" },
});

const Metadata: Member = {
  of: () => ({ kind: "map", key: { of: "string" }, value: { of: "string" } }),
  at: "headers",
  name: "x-amz-meta-",
};

function problemsOf(
  shape: StructureShape,
  input: unknown,
): readonly ValidationProblem[] {
  return assertThrows(() => validated("Op", shape, input), ValidationError)
    .problems;
}

function oneProblem(member: Member, value: unknown): string {
  const [first, ...rest] = problemsOf(structure({ M: member }), { M: value });
  assertEquals(rest, []);
  assertEquals(first?.path, "M");
  return first?.problem ?? "";
}

Deno.test("validated gives back an input that fits", () => {
  const shape = structure({
    Bucket: { of: "string", required: true },
    Delete: { of: () => Deletion },
    Metadata,
    Until: { of: "timestamp" },
    Body: { of: "blob", stream: true },
  });
  const input = {
    Bucket: "b",
    Delete: { Objects: [{ Key: "" }], Quiet: undefined },
    Metadata: { "a-b": "ok" },
    Until: new Date(0),
    Body: new Blob(),
  };

  assert(validated("Op", shape, input) === input);
});

Deno.test("validated names everything that is wrong, where it is", () => {
  const shape = structure({
    Bucket: { of: "string", required: true, at: "path" },
    Delete: { of: () => Deletion },
    MaxKeys: { of: "integer" },
  });

  const problems = problemsOf(shape, {
    Delete: { Objects: [{ Key: "a" }, {}, { Key: 1 }], Quiet: "yes" },
    maxKeys: 1,
    MaxKeys: 1.5,
  });

  assertEquals(problems, [
    { path: "Bucket", problem: "is required" },
    {
      path: "maxKeys",
      problem: 'is unknown: the nearest known name is "MaxKeys"',
    },
    { path: "Delete.Objects[1].Key", problem: "is required" },
    {
      path: "Delete.Objects[2].Key",
      problem: "must be a string: it is a number",
    },
    {
      path: "Delete.Quiet",
      problem: "must be true or false: it is a string",
    },
    {
      path: "MaxKeys",
      problem: "must be a whole number: it is a number that is not whole",
    },
  ]);
});

for (
  const [member, value, problem] of [
    [{ of: "string" }, null, "must be a string: it is null"],
    [{ of: "string" }, ["a"], "must be a string: it is an array"],
    [{ of: "blob" }, 1, "must be a string or bytes: it is a number"],
    [{ of: "double" }, "1", "must be a number: it is a string"],
    [
      { of: "long" },
      2 ** 53,
      "must be a whole number: it is a number too large to be exact",
    ],
    [
      { of: "timestamp" },
      new Date(NaN),
      "must be a valid Date: it is an invalid Date",
    ],
    [{ of: "timestamp" }, "2024", "must be a valid Date: it is a string"],
    [{ of: "integer", min: 1 }, 0, "must be at least 1"],
    [
      { of: "string", min: 2 },
      "x",
      "must have a length of at least 2: it has 1",
    ],
    [
      { of: "string", at: "path" },
      "",
      "must have a length of at least 1: it has 0",
    ],
    [
      { of: "blob", stream: true },
      {},
      "must be a string, bytes or a stream: it is an object",
    ],
    [{ of: () => Deletion }, [], "must be an object: it is an array"],
    [
      { of: () => ({ kind: "list", item: { of: "string" } }) },
      "a",
      "must be an array: it is a string",
    ],
    [Metadata, "a", "must be an object: it is a string"],
    [Metadata, new Map([["a", "b"]]), "must be an object: it is of class Map"],
    [
      {
        of: () => ({
          ...structure({ A: { of: "string" }, B: { of: "string" } }),
          union: true,
        }),
      },
      { A: "a", B: "b" },
      "must have exactly one of A, B: it has 2",
    ],
  ] satisfies [Member, unknown, string][]
) {
  Deno.test(`validated tells that a value ${problem}`, () => {
    assertEquals(oneProblem(member, value), problem);
  });
}

for (const value of ["a\r\nx: y", "a\nb", "\0", "ü", "🎉", "\u007F"]) {
  Deno.test(`validated refuses ${JSON.stringify(value)} in a header field`, () => {
    const inField =
      "must be ASCII text in one line, as it travels in a header field";

    assertEquals(oneProblem({ of: "string", at: "header" }, value), inField);
    assertEquals(
      problemsOf(structure({ Metadata }), { Metadata: { a: value } }),
      [
        { path: "Metadata.a", problem: inField },
      ],
    );
    const list: Member = {
      of: () => ({ kind: "list", item: { of: "string" } }),
      at: "header",
    };
    assertEquals(problemsOf(structure({ list }), { list: ["a", value] }), [
      { path: "list[1]", problem: inField },
    ]);
  });
}

Deno.test("validated takes such values outside of header fields", () => {
  const shape = structure({
    M: { of: "string" },
    N: { of: "string", at: "query" },
  });

  validated("Op", shape, { M: "a\nü", N: "a\nü" });
});

Deno.test("validated refuses names that no header field can have", () => {
  const problems = problemsOf(structure({ Metadata }), {
    Metadata: { "a b": "1", "ü": "2", Same: "3", same: "4" },
  });

  assertEquals(problems.map(({ path }) => path), [
    'Metadata."a b"',
    'Metadata."ü"',
    "Metadata.same",
  ]);
  assertEquals(
    problems[2]?.problem,
    'is the same header field as "Same"',
  );
});

Deno.test("validated refuses required members that would not be written", () => {
  const shape = structure({
    Bucket: { of: "string", required: true },
    Key: { of: "string", required: true },
  });
  const problems: readonly ValidationProblem[] = [
    { path: "Key", problem: "must be a property of the object itself" },
  ];
  class Photo {
    Bucket = "photos";
    get Key(): string {
      return "cat.jpg";
    }
  }

  assertEquals(problemsOf(shape, new Photo()), problems);
  assertEquals(
    problemsOf(
      shape,
      Object.assign(Object.create({ Key: "a" }), {
        Bucket: "b",
      }),
    ),
    problems,
  );
});

Deno.test("validated shows no value", () => {
  const shape = structure({
    Key: { of: "string", secret: true, at: "header", min: 100 },
    Count: { of: "integer" },
  });

  const error = assertThrows(
    () => validated("Op", shape, { Key: "hush\n", Count: "hush", Kee: "hush" }),
    ValidationError,
  );

  assertEquals(error.problems.length, 4);
  assert(!error.message.includes("hush"), error.message);
});

Deno.test("validated refuses an input that is no object", () => {
  assertEquals(problemsOf(structure({}), undefined), [{
    path: "The input",
    problem: "must be an object: it is undefined",
  }]);
});

Deno.test("validated takes names from Object.prototype for unknown", () => {
  const input = JSON.parse('{"__proto__": 1, "constructor": 1, "toString": 1}');

  assertEquals(
    problemsOf(structure({ A: { of: "string" } }), input).map(({ problem }) =>
      problem
    ),
    ["is unknown", "is unknown", "is unknown"],
  );
});
