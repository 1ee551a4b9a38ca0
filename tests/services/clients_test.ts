import * as s3Operations from "../../src/services/s3/generated/operations.ts";
import * as stsOperations from "../../src/services/sts/generated/operations.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { CallOptions, ClientCore } from "../../src/ports/caller.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { s3 } from "../../src/services/s3/service.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { sts } from "../../src/services/sts/service.ts";

/** What reached the core. */
interface Call {
  readonly operation: unknown;
  readonly input: unknown;
  readonly options: unknown;
}

Deno.test("S3 has a method for each of its 116 operations", () => {
  checkMethods(S3, s3Operations, 116);
});

Deno.test("STS has a method for each of its 11 operations", () => {
  checkMethods(STS, stsOperations, 11);
});

Deno.test("S3 and STS carry the facts of their service", () => {
  assertEquals(S3.service, s3);
  assertEquals(STS.service, sts);
  assertEquals([s3.id, sts.id], ["s3", "sts"]);
});

Deno.test("S3 passes what is to be presigned on to its core", () => {
  const calls: Call[] = [];
  const client = new S3(coreThatNotes(calls));
  const input = { Bucket: "photos", Key: "cat.txt" };
  const options = { expiresInSeconds: 60 };

  client.presign(s3Operations.GetObject, input, options);

  const operation = s3Operations.GetObject;
  assertEquals(calls, [{ operation, input, options }]);
});

Deno.test("S3 hands out its core to what is built on clients", () => {
  const core = coreThatNotes([]);

  assertEquals(new S3(core).core, core);
});

Deno.test("S3 lets the input be left out where nothing is required", () => {
  const calls: Call[] = [];

  new S3(coreThatNotes(calls)).listBuckets();
  new STS(coreThatNotes(calls)).getCallerIdentity();

  assertEquals(calls.map(({ input }) => input), [{}, {}]);
});

/** Calls every operation's method and compares what reaches the core. */
function checkMethods(
  clientClass: new (core: ClientCore) => object,
  operations: Readonly<Record<string, { readonly name: string }>>,
  count: number,
): void {
  const calls: Call[] = [];
  const client = new clientClass(coreThatNotes(calls));
  const input = { Bucket: "photos" };
  const options: CallOptions = { attemptTimeoutMs: 5 };
  const expected: Call[] = [];

  for (const [name, operation] of Object.entries(operations)) {
    assertEquals(operation.name, name);
    const method = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    Reflect.apply(Reflect.get(client, method), client, [input, options]);
    expected.push({ operation, input, options });
  }

  assertEquals(calls.length, count);
  assertEquals(
    calls.every((call, index) =>
      call.operation === expected[index]?.operation &&
      call.input === input && call.options === options
    ),
    true,
  );
}

/** A core whose calls never end. */
function coreThatNotes(calls: Call[]): ClientCore {
  return {
    call: (operation, input, options) => {
      calls.push({ operation, input, options });
      return new Promise<never>(() => {});
    },
    presign: (operation, input, options) => {
      calls.push({ operation, input, options });
      return new Promise<never>(() => {});
    },
    clock: {
      now: () => new Date(0),
      sleep: () => Promise.resolve(),
      timer: () => ({ [Symbol.dispose]: () => {} }),
    },
  };
}

for (const given of [[], [{ region: "eu-west-1" }]]) {
  Deno.test(`new S3 with ${given.length} arguments says how to make a client`, () => {
    assertThrows(
      () => Reflect.construct(S3, given),
      ConfigError,
      "use client(S3, options), or session.client(S3, options)",
    );
  });
}
