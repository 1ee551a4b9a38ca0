/** A lost answer to a write is settled by a look at the object, never by a guess. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AwsError, PreconditionError, TransportError } from "../../mod.ts";
import type { HttpRequest, HttpResponse } from "../../src/ports/mod.ts";
import {
  createObject,
  editObject,
  replaceObject,
  type S3,
} from "../../src/services/s3/mod.ts";
import { copy, upload } from "../../src/transfer/mod.ts";
import { answer, type Fault, faultyS3, noise, refusal } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };
const SOURCE = { Bucket: "photos", Key: "source.bin" };
const PARTS = { threshold: 5 * MIB, partSize: 5 * MIB };

/** A write, and whether a request is the one that makes the object. */
interface Write {
  readonly run: (s3: S3, etag: string) => Promise<unknown>;
  readonly isIt: (request: HttpRequest) => boolean;
  /** Whether there is an object before. */
  readonly over?: boolean;
}

const isPut = ({ method, path, query }: HttpRequest): boolean =>
  method === "PUT" && path === "/photos/cat.bin" && query.length === 0;
const isComplete = ({ method, query }: HttpRequest): boolean =>
  method === "POST" && query.some(([name]) => name === "uploadId");

const WRITES: Readonly<Record<string, Write>> = {
  "createObject of text": {
    run: (s3) => createObject(s3, { ...OBJECT, Body: "miaow" }),
    isIt: isPut,
  },
  "createObject of a Blob": {
    run: (s3) =>
      createObject(s3, { ...OBJECT, Body: new Blob([noise(3_000)]) }),
    isIt: isPut,
  },
  "createObject without a body": {
    run: (s3) => createObject(s3, OBJECT),
    isIt: isPut,
  },
  "replaceObject": {
    run: (s3, IfMatch) =>
      replaceObject(s3, { ...OBJECT, Body: noise(9), IfMatch }),
    isIt: isPut,
    over: true,
  },
  "editObject": {
    run: (s3) => editObject(s3, OBJECT, (old) => `${old?.text}+`),
    isIt: isPut,
    over: true,
  },
  "upload of a short body under IfNoneMatch": {
    run: (s3) => upload(s3, { ...OBJECT, Body: noise(7), IfNoneMatch: "*" }),
    isIt: isPut,
  },
  "upload in parts": {
    run: (s3) => upload(s3, { ...OBJECT, Body: noise(9 * MIB) }),
    isIt: isComplete,
  },
  "upload in parts under IfMatch": {
    run: (s3, IfMatch) =>
      upload(s3, { ...OBJECT, Body: noise(9 * MIB), IfMatch }),
    isIt: isComplete,
    over: true,
  },
  "copy in one request under IfNoneMatch": {
    run: (s3) => copy(s3, { ...OBJECT, CopySource: SOURCE, IfNoneMatch: "*" }),
    isIt: isPut,
  },
  "copy in parts": {
    run: (s3) => copy(s3, { ...OBJECT, CopySource: SOURCE }, PARTS),
    isIt: isComplete,
  },
};

/** How an answer is lost. */
const LOSSES: Readonly<Record<string, () => HttpResponse>> = {
  "a reset": () => {
    throw new TransportError("reset", "It broke", { maybeSent: true });
  },
  "a 500": () => refusal(500, "InternalError"),
  "a 504 of a proxy": () => answer(504, "<html>late</html>"),
};

/** Loses the answer to the first request that is the one, carried out or not. */
function losing(
  isIt: (request: HttpRequest) => boolean,
  lose: () => HttpResponse,
  before: (send: () => Promise<HttpResponse>) => Promise<unknown>,
): Fault {
  let lost = false;
  return async (request, send) => {
    // Not every store knows an upload once it was completed.
    if (lost && isComplete(request)) return refusal(404, "NoSuchUpload");
    if (lost || !isIt(request)) return await send();
    lost = true;
    await before(send);
    return lose();
  };
}

async function prepared(s3: S3, over: boolean | undefined): Promise<string> {
  await s3.putObject({ ...SOURCE, Body: noise(9 * MIB, 3) });
  if (!over) return "";
  const { ETag = "" } = await s3.putObject({ ...OBJECT, Body: "before" });
  return ETag;
}

for (const [name, { run, isIt, over }] of Object.entries(WRITES)) {
  for (const [loss, lose] of Object.entries(LOSSES)) {
    Deno.test(`${name} is done when it was carried out and ${loss} took the answer`, async () => {
      let armed = false;
      const fault = losing(isIt, lose, (send) => send());
      await using local = await faultyS3((request, send, options) =>
        armed ? fault(request, send, options) : send()
      );
      const etag = await prepared(local.s3, over);
      armed = true;
      local.requests.length = 0;

      await run(local.s3, etag);

      armed = false;
      const { ETag } = await local.s3.headObject(OBJECT);
      assert(ETag !== etag);
      assertEquals(
        local.requests.filter((line) => line.startsWith("DELETE")),
        [],
      );
    });
  }

  Deno.test(`${name} cannot tell when the answer is lost and another object is there`, async () => {
    let armed = false;
    const fault = losing(isIt, () => {
      throw new TransportError("reset", "It broke", { maybeSent: true });
    }, async (send) => {
      await send();
      armed = false;
      await local.s3.putObject({ ...OBJECT, Body: noise(9 * MIB, 77) });
      armed = true;
    });
    await using local = await faultyS3((request, send, options) =>
      armed ? fault(request, send, options) : send()
    );
    const etag = await prepared(local.s3, over);
    armed = true;

    const error = await assertRejects(() => run(local.s3, etag), AwsError);

    assert(error.message.includes("cannot tell whether"), error.message);
    assertEquals(error instanceof PreconditionError, false);
  });
}

Deno.test("createObject cannot tell when the look is refused", async () => {
  await using local = await faultyS3(async (request, send) => {
    if (request.method === "HEAD") return answer(403);
    if (!isPut(request)) return await send();
    await send();
    throw new TransportError("cut", "It broke", { maybeSent: true });
  });

  await assertRejects(
    () => createObject(local.s3, { ...OBJECT, Body: "mine" }),
    TransportError,
    "cannot tell whether",
  );
});

Deno.test("createObject of a stream that is used up cannot tell by its length", async () => {
  await using local = await faultyS3(async (request, send) => {
    if (!isPut(request)) return await send();
    await send();
    throw new TransportError("cut", "It broke", { maybeSent: true });
  }, { payloadSigning: false });

  await assertRejects(
    () =>
      createObject(local.s3, {
        ...OBJECT,
        Body: new Blob([noise(9 * MIB)]).stream(),
        ContentLength: 9 * MIB,
      }),
    TransportError,
    "cannot tell whether",
  );
});

Deno.test("createObject that nobody disturbed takes a refusal for what it is", async () => {
  await using local = await faultyS3();
  await local.s3.putObject({ ...OBJECT, Body: "mine" });
  local.requests.length = 0;

  const error = await assertRejects(
    () => createObject(local.s3, { ...OBJECT, Body: "mine" }),
    PreconditionError,
  );

  assertEquals(error.kind, "exists");
  assertEquals(local.requests, ["PUT /photos/cat.bin?"]);
});

Deno.test("upload in parts that someone aborted does not look", async () => {
  await using local = await faultyS3((request, send) =>
    isComplete(request) ? refusal(404, "NoSuchUpload") : send()
  );

  await assertRejects(
    () => upload(local.s3, { ...OBJECT, Body: noise(9 * MIB) }),
    AwsError,
    "NoSuchUpload",
  );

  assertEquals(local.requests.some((line) => line.startsWith("HEAD")), false);
});

Deno.test("upload in parts takes an HTML page at the end for a lost answer", async () => {
  await using local = await faultyS3(async (request, send) => {
    if (!isComplete(request)) return await send();
    await send();
    return answer(200, "");
  });

  const { kind } = await upload(local.s3, { ...OBJECT, Body: noise(9 * MIB) });

  assertEquals(kind, "multipart");
});

for (
  const [what, write, kind] of [
    [
      "createObject",
      (s3: S3) => createObject(s3, { ...OBJECT, Body: "mine" }),
      "exists",
    ],
    [
      "replaceObject",
      (s3: S3) =>
        replaceObject(s3, { ...OBJECT, Body: "mine", IfMatch: '"1"' }),
      "changed",
    ],
  ] as const
) {
  Deno.test(`${what} repeats while another write is under way, and then says so`, async () => {
    for (const conflicts of [1, 3, 99]) {
      let left = conflicts;
      await using local = await faultyS3((request) =>
        isPut(request) && left-- > 0
          ? refusal(409, "ConditionalRequestConflict")
          : answer(200, "", { etag: '"2"' })
      );
      const outcome = write(local.s3);
      if (conflicts === 99) {
        const error = await assertRejects(() => outcome, PreconditionError);
        assertEquals(error.kind, kind);
        assertEquals(local.requests.length, 5);
      } else {
        await outcome;
        assertEquals(local.requests.length, conflicts + 1);
      }
    }
  });
}

Deno.test("createObject of a stream that is used up does not repeat", async () => {
  await using local = await faultyS3(() =>
    refusal(409, "ConditionalRequestConflict")
  );

  await assertRejects(
    () => createObject(local.s3, { ...OBJECT, Body: new Blob(["x"]).stream() }),
    PreconditionError,
  );

  assertEquals(local.requests.length, 1);
});
