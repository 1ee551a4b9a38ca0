import { assertEquals } from "@std/assert";
import type { StreamingBody } from "../../src/foundation/streaming_body.ts";
import type { BodyInput } from "../../src/ports/http.ts";
import {
  type Bucket,
  type ClientCore,
  type CopyObjectInput,
  type DeleteFailure,
  DeleteObject,
  type DeleteObjectsOutput,
  GetObject,
  type GetObjectInput,
  type GetObjectOutput,
  type HeadObjectOutput,
  type ListBucketsOutput,
  type ListedObject,
  type ListObjectsV2Input,
  type ListObjectsV2Output,
  PutObject,
  type PutObjectInput,
  type PutObjectOutput,
  S3,
  type SelectObjectContentEventStream,
  type StorageClass,
} from "../../src/services/s3/mod.ts";
import type { Credentials } from "../../src/services/sts/mod.ts";

/** A core that nothing is asked of. */
const NO_CORE: ClientCore = {
  call: () => Promise.reject(new Error("not used")),
  presign: () => Promise.reject(new Error("not used")),
  clock: {
    now: () => new Date(0),
    sleep: () => Promise.resolve(),
    timer: () => ({ [Symbol.dispose]: () => {} }),
  },
};

/** True where a value of one type may stand where the other is asked for. */
type Fits<A, B> = [A] extends [B] ? true : false;

/** True where two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

Deno.test("the types ask for what is required and no more", () => {
  const smallest = {
    Bucket: "photos",
    Key: "cat.txt",
  } satisfies GetObjectInput;
  const withoutKey: Fits<{ Bucket: string }, GetObjectInput> = false;
  const withSmallest: Fits<typeof smallest, GetObjectInput> = true;
  const hasOther: Fits<"Bukket", keyof GetObjectInput> = false;
  const hasRange: Fits<"Range", keyof GetObjectInput> = true;

  assertEquals([withoutKey, withSmallest], [false, true]);
  assertEquals([hasOther, hasRange], [false, true]);
});

Deno.test("the types know what is always there", () => {
  const body: Same<GetObjectOutput["Body"], StreamingBody> = true;
  const key: Same<ListedObject["Key"], string> = true;
  const size: Same<ListedObject["Size"], number> = true;
  const expiration: Same<Credentials["Expiration"], Date> = true;

  assertEquals([body, key, size, expiration], [true, true, true, true]);
});

Deno.test("the types say undefined only for what Amazon may leave out", () => {
  const listing: Same<
    Pick<ListObjectsV2Output, "Contents" | "IsTruncated" | "KeyCount">,
    {
      readonly Contents: readonly ListedObject[];
      readonly IsTruncated: boolean;
      readonly KeyCount: number;
    }
  > = true;
  const buckets: Same<ListBucketsOutput["Buckets"], readonly Bucket[]> = true;
  const head: Same<
    Pick<HeadObjectOutput, "ContentLength" | "ETag" | "LastModified">,
    {
      readonly ContentLength: number;
      readonly ETag: string;
      readonly LastModified: Date;
    }
  > = true;
  const metadata: Same<
    GetObjectOutput["Metadata"],
    Readonly<Record<string, string>>
  > = true;
  const tag: Same<PutObjectOutput["ETag"], string> = true;
  const deleted: Same<
    DeleteObjectsOutput["Errors"],
    readonly DeleteFailure[]
  > = true;
  const token: Same<
    ListObjectsV2Output["NextContinuationToken"],
    string | undefined
  > = true;
  const version: Same<PutObjectOutput["VersionId"], string | undefined> = true;

  assertEquals(
    [listing, buckets, head, metadata, tag, deleted, token, version],
    Array(8).fill(true),
  );
});

Deno.test("the types take every kind of body and values that are not known yet", () => {
  const body: Same<PutObjectInput["Body"], BodyInput | undefined> = true;
  const known: StorageClass = "STANDARD";
  const unknown: StorageClass = "SOME_CLASS_OF_NEXT_YEAR";

  assertEquals([body, known, unknown].length, 3);
});

Deno.test("the types take a copy source as names or as text", () => {
  const target = { Bucket: "photos", Key: "copy.txt" };
  const byName: CopyObjectInput = {
    ...target,
    CopySource: { Bucket: "photos", Key: "cat.txt", VersionId: "3" },
  };
  const byText: CopyObjectInput = { ...target, CopySource: "photos/cat.txt" };

  assertEquals([byName, byText].length, 2);
});

Deno.test("the types let a listing go on where it was left", () => {
  const pages = new S3(NO_CORE).listObjectsV2Pages({ Bucket: "photos" });
  const later: ListObjectsV2Input = { Bucket: "photos", ...pages.resume };

  assertEquals(later, { Bucket: "photos" });
});

Deno.test("the types of events are told apart by the member that is there", () => {
  const lengthOf = (event: SelectObjectContentEventStream): number => {
    if (event.Records) return event.Records.Payload.length;
    return "Stats" in event && event.Stats
      ? event.Stats.Details.BytesReturned ?? 0
      : 0;
  };
  const one = { Cont: {} };
  const two = { Cont: {}, End: {} };
  const fits: Fits<typeof one, SelectObjectContentEventStream> = true;
  const fitsTwice: Fits<typeof two, SelectObjectContentEventStream> = false;

  assertEquals(lengthOf({ Records: { Payload: new Uint8Array(3) } }), 3);
  assertEquals([fits, fitsTwice], [true, false]);
});

Deno.test("presign takes one of several operations", () => {
  const methods = { GET: GetObject, PUT: PutObject, DELETE: DeleteObject };
  const make = (client: S3, method: keyof typeof methods): Promise<unknown> =>
    client.presign(methods[method], { Bucket: "photos", Key: "cat.txt" });

  assertEquals(make.length, 2);
});
