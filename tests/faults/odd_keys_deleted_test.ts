/** Keys that a document cannot hold, and stores that cannot delete in bulk. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServiceError } from "../../mod.ts";
import { type S3, type S3Config, stores } from "../../src/services/s3/mod.ts";
import {
  deleteBucketWithObjects,
  deleteMany,
  emptyBucket,
} from "../../src/transfer/mod.ts";
import { answer, type FaultyS3, faultyS3, refusal } from "./faulty_s3.ts";

const ODD = ["a\x01", "\x00", "b\nc", "d\re", "f\tg", "h\x1f", "i\uFFFE"];
const PLAIN = ["cat.txt", "dog.txt", "é", "x\x7f", "y\x85"];
const KEYS = ["first", ...ODD, ...PLAIN];

/** A store that can read plain XML only, as radosgw, Swift and moto. */
async function strict(config: S3Config = {}): Promise<FaultyS3> {
  return await faultyS3(async (request, send) => {
    if (!("delete" in Object.fromEntries(request.query))) return await send();
    const body = request.body;
    assert(body instanceof Uint8Array);
    const text = new TextDecoder().decode(body);
    const isOdd = ODD.some((key) => text.includes(`>${key}<`)) ||
      /&#x?[01]?[0-9a-f];/i.test(text);
    return isOdd ? refusal(400, "MalformedXML") : await send();
  }, config);
}

async function put(s3: S3): Promise<void> {
  for (const Key of KEYS) await s3.putObject({ Bucket: "photos", Key });
}

/** How many requests of each kind were sent. */
function counted({ requests }: FaultyS3): { bulk: number; single: number } {
  return {
    bulk: requests.filter((line) => line.startsWith("POST")).length,
    single: requests.filter((line) => line.startsWith("DELETE")).length,
  };
}

Deno.test("deleteMany deletes keys with control characters one by one, in the order given", async () => {
  await using local = await strict();
  await put(local.s3);
  local.requests.length = 0;

  const results = await deleteMany(local.s3, "photos", KEYS);

  assertEquals(
    results.map(({ kind, Key }) => [kind, Key]),
    KEYS.map((Key) => ["deleted", Key]),
  );
  assertEquals(counted(local), { bulk: 1, single: ODD.length });
});

for (const bulkDelete of [undefined, false, true]) {
  Deno.test(`emptyBucket with keys with control characters leaves nothing (bulkDelete: ${bulkDelete})`, async () => {
    await using local = await strict();
    await put(local.s3);
    local.requests.length = 0;

    const { objects, failures } = await emptyBucket(local.s3, "photos", {
      ...bulkDelete === undefined ? {} : { bulkDelete },
    });

    assertEquals([objects, failures], [KEYS.length, []]);
    assertEquals(
      counted(local),
      bulkDelete === false
        ? { bulk: 0, single: KEYS.length }
        : { bulk: 1, single: ODD.length },
    );
  });
}

Deno.test("deleteBucketWithObjects deletes a bucket with keys with control characters", async () => {
  await using local = await strict();
  await put(local.s3);

  const { deleted } = await deleteBucketWithObjects(local.s3, "photos", {
    bulkDelete: false,
  });

  assertEquals(deleted, true);
});

Deno.test("deleteMany does not ask a store for DeleteObjects that has none", async () => {
  const { store } = stores.gcs();
  await using local = await strict({ ...store && { store } });
  await put(local.s3);
  local.requests.length = 0;

  await deleteMany(local.s3, "photos", KEYS);

  assertEquals(counted(local), { bulk: 0, single: KEYS.length });
});

Deno.test("deleteMany tells of single keys that are refused, and goes on", async () => {
  await using local = await faultyS3((request) =>
    request.path.endsWith("b%01")
      ? refusal(403, "AccessDenied")
      : request.path.endsWith("c%01")
      ? refusal(404, "NoSuchKey")
      : answer(204, "", {
        "x-amz-delete-marker": "true",
        "x-amz-version-id": "v",
      })
  );

  const results = await deleteMany(local.s3, "photos", [
    "a\x01",
    { Key: "b\x01", VersionId: "v1" },
    "c\x01",
  ]);

  assertEquals(results, [
    {
      kind: "deleted",
      Key: "a\x01",
      DeleteMarker: true,
      DeleteMarkerVersionId: "v",
    },
    {
      kind: "failed",
      Key: "b\x01",
      VersionId: "v1",
      Code: "AccessDenied",
      Message: "as told",
    },
    { kind: "deleted", Key: "c\x01" },
  ]);
});

Deno.test("deleteMany one by one says that there is no bucket", async () => {
  await using local = await faultyS3(() => refusal(404, "NoSuchBucket"));

  await assertRejects(
    () => deleteMany(local.s3, "photos", ["a"], { bulkDelete: false }),
    ServiceError,
    "NoSuchBucket",
  );
});

Deno.test("deleteMany one by one passes what each object is bound to", async () => {
  const seen: Record<string, string>[] = [];
  await using local = await faultyS3((request) => {
    seen.push({ ...request.headers });
    return answer(204);
  });

  await deleteMany(local.s3, "photos", [{ Key: "a", ETag: '"1"' }], {
    bulkDelete: false,
    BypassGovernanceRetention: true,
  });

  assertEquals(seen[0]?.["if-match"], '"1"');
  assertEquals(seen[0]?.["x-amz-bypass-governance-retention"], "true");
});
