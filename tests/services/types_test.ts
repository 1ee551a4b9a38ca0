import { assertEquals } from "@std/assert";
import type { StreamingBody } from "../../src/foundation/streaming_body.ts";
import type { BodyInput } from "../../src/ports/body.ts";
import type {
  CopyObjectInput,
  GetObjectInput,
  GetObjectOutput,
  ListedObject,
  PutObjectInput,
  StorageClass,
} from "../../src/services/s3/mod.ts";
import type { Credentials } from "../../src/services/sts/mod.ts";

/** True where two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

Deno.test("the types ask for what is required and no more", () => {
  const smallest = {
    Bucket: "photos",
    Key: "cat.txt",
  } satisfies GetObjectInput;
  // @ts-expect-error: the key is missing
  const tooSmall: GetObjectInput = { Bucket: "photos" };
  // @ts-expect-error: there is no such parameter
  const tooLarge: GetObjectInput = { ...smallest, Bukket: "photos" };

  assertEquals([tooSmall, tooLarge].length, 2);
});

Deno.test("the types know what is always there", () => {
  const body: Same<GetObjectOutput["Body"], StreamingBody> = true;
  const key: Same<ListedObject["Key"], string> = true;
  const size: Same<ListedObject["Size"], number | undefined> = true;
  const expiration: Same<Credentials["Expiration"], Date> = true;

  assertEquals([body, key, size, expiration], [true, true, true, true]);
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
