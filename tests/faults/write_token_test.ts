/** A write with a token is settled after a lost answer, whatever others wrote. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ConfigError,
  PreconditionError,
  ServiceError,
  TransportError,
} from "../../mod.ts";
import type { HttpRequest, HttpResponse } from "../../src/ports/mod.ts";
import {
  createObject,
  editObject,
  replaceObject,
  type S3,
} from "../../src/services/s3/mod.ts";
import { deleteMany, upload } from "../../src/transfer/mod.ts";
import { answer, type Fault, faultyS3, noise, refusal } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };
const TOKEN = { writeToken: true };

/** A write with a token. */
interface Write {
  readonly run: (s3: S3, etag: string) => Promise<unknown>;
  /** Whether a request is the one that makes the object. */
  readonly isIt: (request: HttpRequest) => boolean;
  /** Whether there is an object before. */
  readonly over: boolean;
}

const isPut = ({ method, path, query }: HttpRequest): boolean =>
  method === "PUT" && path === "/photos/cat.bin" && query.length === 0;
const isComplete = ({ method, query }: HttpRequest): boolean =>
  method === "POST" && query.some(([name]) => name === "uploadId");
const isDelete = ({ method, query }: HttpRequest): boolean =>
  method === "DELETE" && query.length === 0;

const WRITES: Readonly<Record<string, Write>> = {
  createObject: {
    run: (s3) => createObject(s3, { ...OBJECT, Body: "miaow" }, TOKEN),
    isIt: isPut,
    over: false,
  },
  replaceObject: {
    run: (s3, IfMatch) =>
      replaceObject(s3, { ...OBJECT, Body: "miaow", IfMatch }, TOKEN),
    isIt: isPut,
    over: true,
  },
  "upload of a short body under IfNoneMatch": {
    run: (s3) =>
      upload(s3, { ...OBJECT, Body: "miaow", IfNoneMatch: "*" }, TOKEN),
    isIt: isPut,
    over: false,
  },
  "upload in parts under IfMatch": {
    run: (s3, IfMatch) =>
      upload(s3, { ...OBJECT, Body: noise(9 * MIB), IfMatch }, TOKEN),
    isIt: isComplete,
    over: true,
  },
};

function reset(): never {
  throw new TransportError("reset", "It broke", { maybeSent: true });
}

/** How an answer is lost. */
const LOSSES: Readonly<Record<string, () => HttpResponse>> = {
  "a reset": reset,
  "a 500": () => refusal(500, "InternalError"),
};

/** Disturbs the first request that is the one, once it is armed. */
function once(
  isIt: (request: HttpRequest) => boolean,
  disturb: (send: () => Promise<HttpResponse>) => Promise<HttpResponse>,
): { readonly fault: Fault; readonly arm: () => void } {
  let armed = false;
  return {
    fault: async (request, send) => {
      if (!armed || !isIt(request)) return await send();
      armed = false;
      return await disturb(send);
    },
    arm: () => armed = true,
  };
}

async function before(s3: S3, over: boolean): Promise<string> {
  if (!over) return "";
  const { ETag = "" } = await s3.putObject({ ...OBJECT, Body: "before" });
  return ETag;
}

for (const [name, { run, isIt, over }] of Object.entries(WRITES)) {
  for (const [loss, lose] of Object.entries(LOSSES)) {
    Deno.test(`${name} with a token is done when it was carried out and ${loss} took the answer`, async () => {
      const { fault, arm } = once(isIt, async (send) => {
        await send();
        return lose();
      });
      await using local = await faultyS3(fault);
      const etag = await before(local.s3, over);
      arm();

      await run(local.s3, etag);

      const { ETag, Metadata } = await local.s3.headObject(OBJECT);
      assert(ETag !== etag);
      assert(/^[0-9a-f]{32}$/.test(Metadata?.["inia-write"] ?? ""));
    });

    Deno.test(`${name} with a token knows the other's object, the same content even, when ${loss} took the answer`, async () => {
      const { fault, arm } = once(isIt, async (send) => {
        // Of the same content, so that only the token can tell.
        await local.s3.putObject({ ...OBJECT, Body: "miaow" });
        await send();
        return lose();
      });
      await using local = await faultyS3(fault);
      const etag = await before(local.s3, over);
      arm();

      const error = await assertRejects(
        () => run(local.s3, etag),
        PreconditionError,
      );

      assertEquals(error.kind, over ? "changed" : "exists");
      const { Body } = await local.s3.getObject(OBJECT);
      assertEquals(await Body.text(), "miaow");
    });

    Deno.test(`${name} with a token is written again where ${loss} came before it`, async () => {
      const { fault, arm } = once(
        isIt,
        async () => await Promise.resolve(lose()),
      );
      await using local = await faultyS3(fault);
      const etag = await before(local.s3, over);
      arm();

      await run(local.s3, etag);

      const { ETag } = await local.s3.headObject(OBJECT);
      assert(ETag !== etag);
    });
  }

  Deno.test(`${name} with a token cannot tell when the look is refused`, async () => {
    let armed = false;
    await using local = await faultyS3(async (request, send) => {
      if (armed && request.method === "HEAD") return answer(403);
      if (!armed || !isIt(request)) return await send();
      await send();
      return reset();
    });
    const etag = await before(local.s3, over);
    armed = true;

    const error = await assertRejects(
      () => run(local.s3, etag),
      TransportError,
    );

    assert(error.message.includes("cannot tell whether"), error.message);
  });
}

Deno.test("createObject with a token waits for its own write that is still under way", async () => {
  let put = 0;
  await using local = await faultyS3(async (request, send) => {
    if (!isPut(request)) return await send();
    put++;
    if (put === 1) return reset();
    // The first one lands while the second is refused.
    if (put === 2) return refusal(409, "ConditionalRequestConflict");
    return await send();
  });

  await createObject(local.s3, { ...OBJECT, Body: "mine" }, TOKEN);

  assertEquals(put, 3);
});

Deno.test("createObject whose answer was lost is no refusal when its own write is under way", async () => {
  let put = 0;
  await using local = await faultyS3(async (request, send) => {
    if (!isPut(request)) return await send();
    put++;
    return put === 1
      ? refusal(500, "InternalError")
      : refusal(409, "ConditionalRequestConflict");
  });

  const error = await assertRejects(
    () => createObject(local.s3, { ...OBJECT, Body: "mine" }),
    ServiceError,
  );

  assert(error.message.includes("cannot tell whether"), error.message);
});

Deno.test("createObject with a token that nobody disturbed takes a refusal for what it is", async () => {
  await using local = await faultyS3();
  await local.s3.putObject({ ...OBJECT, Body: "mine" });
  local.requests.length = 0;

  const error = await assertRejects(
    () => createObject(local.s3, { ...OBJECT, Body: "mine" }, TOKEN),
    PreconditionError,
  );

  assertEquals(error.kind, "exists");
  assertEquals(local.requests, ["PUT /photos/cat.bin?"]);
});

Deno.test("a stream that is used up is not written again, and the error says that it was not written", async () => {
  const { fault, arm } = once(isPut, () => Promise.resolve(reset()));
  await using local = await faultyS3(fault, { payloadSigning: false });
  arm();

  const error = await assertRejects(
    () =>
      createObject(local.s3, {
        ...OBJECT,
        Body: new Blob(["x"]).stream(),
        ContentLength: 1,
      }, TOKEN),
    TransportError,
    "as it was before, so it is safe to write again",
  );

  assert(!error.message.includes("cannot tell"), error.message);
});

/** Adds one to a number. */
const increment = (old: { readonly text: string } | null): string =>
  String(Number(old?.text ?? 0) + 1);

Deno.test("editObject with a token applies each edit once, whatever others edit after a lost answer", async () => {
  for (const others of [0, 1, 5]) {
    const { fault, arm } = once(isPut, async (send) => {
      await send();
      for (let edit = 0; edit < others; edit++) {
        await editObject(local.s3, OBJECT, increment, TOKEN);
      }
      return reset();
    });
    await using local = await faultyS3(fault);
    await local.s3.putObject({ ...OBJECT, Body: "1", Metadata: { a: "b" } });
    arm();

    await editObject(local.s3, OBJECT, increment, TOKEN);

    const { Body, Metadata } = await local.s3.getObject(OBJECT);
    assertEquals(await Body.text(), String(2 + others));
    assertEquals(Metadata?.["a"], "b");
  }
});

Deno.test("editObject with a token edits what someone else wrote in place of it", async () => {
  for (const [body, result] of [["7", "8"], ["2", "3"]] as const) {
    const { fault, arm } = once(isPut, async (send) => {
      await local.s3.putObject({ ...OBJECT, Body: body });
      await send();
      return reset();
    });
    await using local = await faultyS3(fault);
    await local.s3.putObject({ ...OBJECT, Body: "1" });
    arm();

    await editObject(local.s3, OBJECT, increment, TOKEN);

    const { Body } = await local.s3.getObject(OBJECT);
    assertEquals(await Body.text(), result);
  }
});

Deno.test("editObject with a token does not guess when too much was written since", async () => {
  const { fault, arm } = once(isPut, async (send) => {
    await send();
    for (let edit = 0; edit < 8; edit++) {
      await editObject(local.s3, OBJECT, increment, TOKEN);
    }
    return reset();
  });
  await using local = await faultyS3(fault);
  await local.s3.putObject({ ...OBJECT, Body: "1" });
  arm();

  const error = await assertRejects(
    () => editObject(local.s3, OBJECT, increment, TOKEN),
    TransportError,
  );

  assert(error.message.includes("cannot tell whether"), error.message);
  const { Body } = await local.s3.getObject(OBJECT);
  assertEquals(await Body.text(), "10");
});

Deno.test("editObject with a token keeps the tokens beside metadata of its own", async () => {
  await using local = await faultyS3();
  await editObject(local.s3, OBJECT, increment, TOKEN);
  await editObject(local.s3, OBJECT, increment, {
    ...TOKEN,
    put: { Metadata: { a: "b" } },
  });

  const { Metadata } = await local.s3.headObject(OBJECT);
  assertEquals(Metadata?.["a"], "b");
  assertEquals(Metadata?.["inia-write"]?.split(" ").length, 2);
});

Deno.test("upload with a token and without a condition is settled too", async () => {
  const { fault, arm } = once(isComplete, async (send) => {
    await send();
    await local.s3.putObjectTagging({ ...OBJECT, Tagging: { TagSet: [] } });
    return reset();
  });
  await using local = await faultyS3(fault);
  arm();

  const result = await upload(
    local.s3,
    { ...OBJECT, Body: noise(9 * MIB), Metadata: { a: "b" } },
    TOKEN,
  );

  const { ETag, Metadata } = await local.s3.headObject(OBJECT);
  assertEquals(result.ETag, ETag);
  assertEquals(Object.keys(Metadata ?? {}).sort(), ["a", "inia-write"]);
});

Deno.test("upload refuses a token where it goes on with another upload", async () => {
  await using local = await faultyS3();

  const error = await assertRejects(
    () =>
      upload(local.s3, { ...OBJECT, Body: "x" }, { ...TOKEN, resume: true }),
    ConfigError,
    "keeps the metadata that it was begun with",
  );

  assertEquals(error.code, "ContradictoryOptions");
});

Deno.test("a token that is none of true and false is refused", async () => {
  await using local = await faultyS3();
  // As a program gives it that nobody type-checks.
  const options = { writeToken: "yes" } as unknown as { writeToken: boolean };

  for (
    const act of [
      () => createObject(local.s3, OBJECT, options),
      () => replaceObject(local.s3, { ...OBJECT, IfMatch: '"1"' }, options),
      () => editObject(local.s3, OBJECT, () => "x", options),
      () => upload(local.s3, { ...OBJECT, Body: "x" }, options),
    ]
  ) {
    await assertRejects(act, ConfigError, '"writeToken" must be true or false');
  }
  assertEquals(local.requests, []);
});

for (const [loss, lose] of Object.entries(LOSSES)) {
  Deno.test(`deleteObject with IfMatch is done when it was carried out and ${loss} took the answer`, async () => {
    const { fault, arm } = once(isDelete, async (send) => {
      await send();
      return lose();
    });
    await using local = await faultyS3(fault);
    const IfMatch = await before(local.s3, true);
    arm();

    const { ResponseMetadata } = await local.s3.deleteObject({
      ...OBJECT,
      IfMatch,
    });

    assertEquals(typeof ResponseMetadata, "object");
    assertEquals(
      (await local.s3.listObjectsV2({ Bucket: "photos" })).KeyCount,
      0,
    );
  });

  Deno.test(`deleteObject with IfMatch deletes what is still the same when ${loss} came before it`, async () => {
    const { fault, arm } = once(isDelete, () => Promise.resolve(lose()));
    await using local = await faultyS3(fault);
    const IfMatch = await before(local.s3, true);
    arm();

    await local.s3.deleteObject({ ...OBJECT, IfMatch });

    assertEquals(
      (await local.s3.listObjectsV2({ Bucket: "photos" })).KeyCount,
      0,
    );
  });

  Deno.test(`deleteObject with IfMatch keeps another's object when ${loss} took the answer`, async () => {
    for (const order of ["before", "after"]) {
      const { fault, arm } = once(isDelete, async (send) => {
        if (order === "after") await send();
        await local.s3.putObject({ ...OBJECT, Body: "another" });
        if (order === "before") await send();
        return lose();
      });
      await using local = await faultyS3(fault);
      const IfMatch = await before(local.s3, true);
      arm();

      const error = await assertRejects(
        () => local.s3.deleteObject({ ...OBJECT, IfMatch }),
        PreconditionError,
        "another object is there now, which is kept",
      );

      assertEquals(error.kind, "changed");
      const { Body } = await local.s3.getObject(OBJECT);
      assertEquals(await Body.text(), "another");
    }
  });
}

Deno.test("deleteObject in a bucket with versions tells of its delete marker", async () => {
  const { fault, arm } = once(isDelete, async (send) => {
    await send();
    return reset();
  });
  await using local = await faultyS3(fault);
  await local.s3.putBucketVersioning({
    Bucket: "photos",
    VersioningConfiguration: { Status: "Enabled" },
  });
  const IfMatch = await before(local.s3, true);
  arm();

  const { DeleteMarker, VersionId } = await local.s3.deleteObject({
    ...OBJECT,
    IfMatch,
  });

  const { DeleteMarkers } = await local.s3.listObjectVersions({
    Bucket: "photos",
  });
  assertEquals([DeleteMarker, VersionId], [
    true,
    DeleteMarkers?.[0]?.VersionId,
  ]);
});

Deno.test('deleteObject with IfMatch: "*" cannot tell one object from another', async () => {
  const { fault, arm } = once(isDelete, () => Promise.resolve(reset()));
  await using local = await faultyS3(fault);
  await before(local.s3, true);
  arm();

  await assertRejects(
    () => local.s3.deleteObject({ ...OBJECT, IfMatch: "*" }),
    TransportError,
    "cannot tell whether",
  );
});

Deno.test("deleteObject with IfMatch gives up after three deletes, with the last failure", async () => {
  await using local = await faultyS3(async (request, send) =>
    isDelete(request) ? reset() : await send()
  );
  const IfMatch = await before(local.s3, true);
  local.requests.length = 0;

  await assertRejects(
    () => local.s3.deleteObject({ ...OBJECT, IfMatch }),
    TransportError,
    "It broke",
  );

  assertEquals(
    local.requests.map((line) => line.split(" ")[0]),
    ["DELETE", "HEAD", "DELETE", "HEAD", "DELETE", "HEAD"],
  );
});

Deno.test("deleteObject that was refused is not looked at", async () => {
  await using local = await faultyS3();
  await before(local.s3, true);
  local.requests.length = 0;

  await assertRejects(
    () => local.s3.deleteObject({ ...OBJECT, IfMatch: '"other"' }),
    ServiceError,
    "PreconditionFailed",
  );

  assertEquals(local.requests, ["DELETE /photos/cat.bin?"]);
});

Deno.test("deleteMany one by one tells of another's object after a lost answer", async () => {
  const { fault, arm } = once(isDelete, async (send) => {
    await local.s3.putObject({ ...OBJECT, Body: "another" });
    await send();
    return reset();
  });
  await using local = await faultyS3(fault);
  const ETag = await before(local.s3, true);
  arm();

  const results = await deleteMany(
    local.s3,
    "photos",
    [{ Key: OBJECT.Key, ETag }],
    { bulkDelete: false },
  );

  assertEquals(
    results.map((result) => result.kind === "failed" && result.Code),
    ["PreconditionFailed"],
  );
});
