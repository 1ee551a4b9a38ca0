/** The first and the last call of a transfer in parts, where they hang or break. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AwsError, TransportError } from "../../mod.ts";
import type { Clock, HttpRequest, HttpResponse } from "../../src/ports/mod.ts";
import type { S3 } from "../../src/services/s3/mod.ts";
import { copy, upload } from "../../src/transfer/mod.ts";
import { type Fault, faultyS3, noise, refusal } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };
const SOURCE = { Bucket: "photos", Key: "source.bin" };
const CONTENT = noise(11 * MIB);

const TRANSFERS: Readonly<
  Record<string, (s3: S3, signal?: AbortSignal) => Promise<unknown>>
> = {
  upload: (s3, signal) =>
    upload(s3, { ...OBJECT, Body: CONTENT }, { ...signal && { signal } }),
  copy: (s3, signal) =>
    copy(s3, { ...OBJECT, CopySource: SOURCE }, {
      threshold: 5 * MIB,
      partSize: 5 * MIB,
      ...signal && { signal },
    }),
};

const isCreate = ({ method, query }: HttpRequest): boolean =>
  method === "POST" && query.some(([name]) => name === "uploads");
const isAbort = ({ method, query }: HttpRequest): boolean =>
  method === "DELETE" && query.some(([name]) => name === "uploadId");
const isPart = ({ query }: HttpRequest): boolean =>
  query.some(([name]) => name === "partNumber");

/** A clock on which five seconds pass at once; it notes what is waited for. */
function quickClock(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    clock: {
      now: () => new Date(),
      sleep: (_ms, signal) => {
        signal?.throwIfAborted();
        return Promise.resolve();
      },
      timer: (ms, fn) => {
        if (ms <= 5_000) waits.push(ms);
        const timer = setTimeout(fn, ms <= 5_000 ? ms / 1_000 : ms);
        return { [Symbol.dispose]: () => clearTimeout(timer) };
      },
    },
  };
}

/** Does not answer until the signal ends it, or the test has waited in vain. */
async function hang(signal: AbortSignal | undefined): Promise<HttpResponse> {
  return await new Promise((_resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error("Nobody ended the call")),
      1_000,
    );
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

for (const [name, transfer] of Object.entries(TRANSFERS)) {
  Deno.test(`${name} that is aborted while its upload is begun ends within 5 s with the signal's reason`, async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { clock, waits } = quickClock();
    await using local = await faultyS3(
      async (request, send, options) => {
        if (!isCreate(request)) return await send();
        controller.abort(reason);
        return await hang(options?.signal);
      },
      {},
      clock,
    );
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });

    const error = await assertRejects(() =>
      transfer(local.s3, controller.signal)
    );

    assertEquals(error, reason);
    assertEquals(reason.message, "enough");
    assert(waits.length > 0 && Math.max(...waits) < 5_000);
  });

  Deno.test(`${name} that is aborted while its parts cannot be discarded ends within 5 s with the signal's reason`, async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { clock } = quickClock();
    await using local = await faultyS3(
      async (request, send, options) => {
        if (isPart(request)) controller.abort(reason);
        if (isAbort(request)) return await hang(options?.signal);
        return await send();
      },
      {},
      clock,
    );
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });

    const error = await assertRejects(() =>
      transfer(local.s3, controller.signal)
    );

    assertEquals(error, reason);
    assertEquals(reason.message, "enough");
  });

  Deno.test(`${name} that failed can be aborted while its parts cannot be discarded`, async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { clock } = quickClock();
    await using local = await faultyS3(
      async (request, send, options) => {
        if (isPart(request)) return refusal(403, "AccessDenied");
        if (!isAbort(request)) return await send();
        controller.abort(reason);
        return await hang(options?.signal);
      },
      {},
      clock,
    );
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });

    const error = await assertRejects(() =>
      transfer(local.s3, controller.signal)
    );

    assertEquals(error, reason);
  });

  Deno.test(`${name} that is aborted waits for the upload that is being begun, and discards it`, async () => {
    const controller = new AbortController();
    await using local = await faultyS3(async (request, send) => {
      if (isCreate(request)) controller.abort(new Error("enough"));
      return await send();
    });
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });

    await assertRejects(() => transfer(local.s3, controller.signal));

    const { Uploads = [] } = await local.s3.listMultipartUploads({
      Bucket: "photos",
    });
    assertEquals(Uploads, []);
  });

  Deno.test(`${name} begins once more where the answer to its beginning is lost`, async () => {
    for (const losses of [1, 2]) {
      let left = losses;
      await using local = await faultyS3(dropping(() => left-- > 0));
      await local.s3.putObject({ ...SOURCE, Body: CONTENT });

      await transfer(local.s3);

      // What nobody knows of is left alone.
      const { Uploads = [] } = await local.s3.listMultipartUploads({
        Bucket: "photos",
      });
      assertEquals(Uploads.length, losses);
      const { ContentLength } = await local.s3.headObject(OBJECT);
      assertEquals(ContentLength, CONTENT.length);
    }
  });

  Deno.test(`${name} does not begin for ever`, async () => {
    await using local = await faultyS3(dropping(() => true));
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });
    local.requests.length = 0;

    await assertRejects(() => transfer(local.s3), TransportError, "It broke");

    assertEquals(
      local.requests.filter((line) => line.startsWith("POST")).length,
      3,
    );
  });
}

/** Carries out the beginning of an upload and loses the answer. */
function dropping(drops: () => boolean): Fault {
  return async (request, send) => {
    const sent = await send();
    if (!isCreate(request) || !drops()) return sent;
    throw new TransportError("reset", "It broke", { maybeSent: true });
  };
}

Deno.test("upload tells the log of an upload that may be left behind, and how it is removed", async () => {
  const told: string[] = [];
  let left = 1;
  await using local = await faultyS3(
    dropping(() => left-- > 0),
    {},
    undefined,
    {
      log: (line) => told.push(line),
    },
  );

  await upload(local.s3, { ...OBJECT, Body: CONTENT });

  const line = told.find((one) => one.includes("CreateMultipartUpload")) ?? "";
  assert(line.includes("AbortIncompleteMultipartUpload"), told.join("\n"));
});

Deno.test("upload begins no second upload where the first was refused", async () => {
  await using local = await faultyS3((request, send) =>
    isCreate(request) ? refusal(403, "AccessDenied") : send()
  );

  await assertRejects(
    () => upload(local.s3, { ...OBJECT, Body: CONTENT }),
    AwsError,
    "AccessDenied",
  );

  assertEquals(local.requests.length, 1);
});
