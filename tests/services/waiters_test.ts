import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError, TimeoutError } from "../../src/foundation/errors.ts";
import type { ResponseBase } from "../../src/foundation/metadata.ts";
import type { ClientCore } from "../../src/ports/caller.ts";
import type { Operation } from "../../src/ports/schema.ts";
import { BucketExists } from "../../src/services/s3/generated/listings.ts";
import { type WaitOptions, waitUntil } from "../../src/services/pages.ts";

Deno.test("waitUntil looks again until the answer fits", async () => {
  const { core, waits } = coreThatAnswers([404, 404, 200]);

  await wait(core);

  assertEquals(waits, [5_000, 5_000]);
});

Deno.test("waitUntil takes an error for an answer where it says so", async () => {
  const { core, waits } = coreThatAnswers([403]);

  await wait(core);

  assertEquals(waits, []);
});

Deno.test("waitUntil ends with an error that says nothing about it", async () => {
  const { core } = coreThatAnswers([404, 500, 200]);

  const error = await assertRejects(() => wait(core), ServiceError);

  assertEquals(error.status, 500);
});

Deno.test("waitUntil gives up after the last look", async () => {
  const { core, waits } = coreThatAnswers([404, 404, 404, 404]);

  const error = await assertRejects(
    () => wait(core, { delayMs: 10, maxAttempts: 3 }),
    TimeoutError,
    "Cannot wait any longer for BucketExists: it was not so at any of 3 looks, 10 ms apart",
  );

  assertEquals(waits, [10, 10]);
  assertEquals(error.limit, "total");
  assertEquals(error.cause instanceof ServiceError, true);
});

Deno.test("waitUntil goes on after a success that says nothing", async () => {
  const { core, waits } = coreThatAnswers([204, 200]);

  await wait(core);

  assertEquals(waits, [5_000]);
});

Deno.test("waitUntil passes errors on that are no answers", async () => {
  const { core } = coreThatAnswers([]);

  await assertRejects(() => wait(core), RangeError, "no answer left");
});

Deno.test("waitUntil waits under the caller's signal", async () => {
  const { core } = coreThatAnswers([404, 200]);
  const reason = new Error("enough");

  await assertRejects(
    () => wait(core, { signal: AbortSignal.abort(reason) }),
    Error,
    "enough",
  );
});

function wait(core: ClientCore, options?: WaitOptions): Promise<void> {
  const input = { Bucket: "photos" };
  return waitUntil(core, BucketExists, {
    input,
    ...options === undefined ? {} : { options },
  });
}

/** A core whose calls end with the given statuses; it notes the waits. */
function coreThatAnswers(
  statuses: readonly number[],
): { core: ClientCore; waits: number[] } {
  const left = [...statuses];
  const waits: number[] = [];
  const core: ClientCore = {
    call: <In, Out>(operation: Operation<In, Out>) => {
      const status = left.shift();
      if (status === undefined) {
        return Promise.reject(new RangeError("no answer left"));
      }
      if (status >= 300) return Promise.reject(refusal(operation.name, status));
      const output: ResponseBase = {
        ResponseMetadata: {
          HTTPStatusCode: status,
          HTTPHeaders: {},
          RetryAttempts: 0,
          Attempts: [],
        },
      };
      // HeadBucket is the only operation here; its result may be empty.
      return Promise.resolve(output as Out);
    },
    presign: () => Promise.reject(new Error("not used")),
    clock: {
      now: () => new Date(0),
      sleep: (ms, signal) => {
        waits.push(ms);
        signal?.throwIfAborted();
        return Promise.resolve();
      },
      timer: () => ({ [Symbol.dispose]: () => {} }),
    },
  };
  return { core, waits };
}

function refusal(operation: string, status: number): ServiceError {
  return new ServiceError("refused", {
    code: String(status),
    status,
    operation,
    headers: {},
    fields: {},
  });
}
