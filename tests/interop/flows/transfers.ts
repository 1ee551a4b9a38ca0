/**
 * Transfers, of few bytes so that they can be recorded.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../../mod.ts";
import { objectExists, S3 } from "../../../src/services/s3/mod.ts";
import { FakeSystem } from "../../../src/testing/mod.ts";
import {
  compose,
  copy,
  download,
  downloadBytes,
  downloadStream,
  file,
  listUnfinishedUploads,
  move,
  ObjectChangedError,
  upload,
} from "../../../src/transfer/mod.ts";
import { BOTH, type Flow, s3Flow } from "../story.ts";

/** Sends a body of any length in parts; the last one may be short. */
const IN_PARTS = { threshold: 1, concurrency: 1 };

/** Transfers, of few bytes so that they can be recorded. */
export const TRANSFERS: readonly Flow[] = [
  s3Flow("upload_single", "PutObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "notes.txt" };

    const { kind, parts } = await upload(s3, {
      ...at,
      Body: new Blob(["short"]),
      ContentType: "text/plain",
      Metadata: { app: "transcoder" },
    });

    assertEquals([kind, parts], ["single", 1]);
    const { Body, ContentType, Metadata } = await downloadBytes(s3, at);
    assertEquals(new TextDecoder().decode(Body), "short");
    assertEquals([ContentType, Metadata], ["text/plain", {
      app: "transcoder",
    }]);
  }),
  s3Flow("upload_multipart", "UploadPart", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "film.mp4" };
    const told: number[] = [];

    const { kind, parts } = await upload(s3, {
      ...at,
      Body: "the only part",
      ContentType: "video/mp4",
    }, { ...IN_PARTS, onProgress: ({ bytes }) => told.push(bytes) });

    assertEquals([kind, parts], ["multipart", 1]);
    assertEquals(told, [13]);
    const { Body, ContentType } = await s3.getObject(at);
    assertEquals([await Body.text(), ContentType], [
      "the only part",
      "video/mp4",
    ]);
  }),
  s3Flow("upload_failed", "AbortMultipartUpload", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "never" };

    await assertRejects(() =>
      upload(s3, { ...at, Body: "the only part" }, {
        ...IN_PARTS,
        onProgress: giveUp,
      }), RangeError);

    const left = await Array.fromAsync(listUnfinishedUploads(s3, bucket));
    assertEquals(left, []);
    assertEquals(await objectExists(s3, at), false);
  }),
  s3Flow("upload_resumed", "ListParts", BOTH, async ({ s3, bucket }) => {
    const input = { Bucket: bucket, Key: "again", Body: "the only part" };

    await assertRejects(() =>
      upload(s3, input, {
        ...IN_PARTS,
        keepParts: true,
        onProgress: giveUp,
      }), RangeError);
    const result = await upload(s3, input, { ...IN_PARTS, resume: true });

    assert(result.kind === "multipart" && result.resumed === 1);
    const { Body } = await s3.getObject({ Bucket: bucket, Key: "again" });
    assertEquals(await Body.text(), "the only part");
  }),
  s3Flow("upload_stream", "PutObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "stream" };
    const pieces = ["of unknown ", "length"].map((text) =>
      new TextEncoder().encode(text)
    );

    const { kind } = await upload(s3, {
      ...at,
      Body: ReadableStream.from(pieces),
    });

    assertEquals(kind, "single");
    const { Body } = await s3.getObject(at);
    assertEquals(await Body.text(), "of unknown length");
  }),
  s3Flow("upload_and_download_file", "GetObject", BOTH, async (
    { settings, bucket },
  ) => {
    const system = new FakeSystem({
      files: { "/in.txt": "from file to file" },
    });
    using session = new Session({ ...settings, system });
    const s3 = session.client(S3);
    const at = { Bucket: bucket, Key: "a b/file+1.txt" };

    await upload(s3, { ...at, Body: file("/in.txt") });
    await download(s3, at, file("/out.txt"));

    assertEquals(system.files, {
      "/in.txt": "from file to file",
      "/out.txt": "from file to file",
    });
  }),
  s3Flow("download_stream", "GetObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "stream" };
    await s3.putObject({ ...at, Body: "in order" });

    const { Body, ContentLength } = await downloadStream(s3, at);

    assertEquals(await new Response(Body).text(), "in order");
    assertEquals(ContentLength, 8);
  }),
  s3Flow("download_changed", "GetObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "restless" };
    await s3.putObject({ ...at, Body: "before" });
    const { Body } = await downloadStream(s3, at);
    await s3.putObject({ ...at, Body: "after" });

    const error = await assertRejects(
      () => new Response(Body).text(),
      ObjectChangedError,
    );

    assertEquals(error.kind, "replaced");
  }),
  s3Flow("copy_with_metadata", "CopyObject", BOTH, async ({ s3, bucket }) => {
    const CopySource = { Bucket: bucket, Key: "from" };
    await s3.putObject({
      ...CopySource,
      Body: "x",
      ContentType: "text/plain",
      CacheControl: "max-age=60",
      Metadata: { app: "transcoder" },
    });

    const at = { Bucket: bucket, Key: "to" };
    await copy(s3, { ...at, CopySource, ContentType: "text/html" });

    // What is given replaces, what is not stays.
    const head = await s3.headObject(at);
    assertEquals(head.ContentType, "text/html");
    assertEquals(head.Metadata, { app: "transcoder" });
  }),
  s3Flow("copy_with_tags", "CopyObject", ["moto"], async ({ s3, bucket }) => {
    const CopySource = { Bucket: bucket, Key: "from" };
    const input = { Bucket: bucket, CopySource };
    await upload(s3, { ...CopySource, Body: "x", Tagging: "team=video" });

    await copy(s3, { ...input, Key: "same" });
    await copy(s3, { ...input, Key: "other", Tagging: "team=sound" });

    const same = await s3.getObjectTagging({ Bucket: bucket, Key: "same" });
    const other = await s3.getObjectTagging({ Bucket: bucket, Key: "other" });
    assertEquals(same.TagSet, [{ Key: "team", Value: "video" }]);
    assertEquals(other.TagSet, [{ Key: "team", Value: "sound" }]);
  }),
  s3Flow("copy_multipart", "UploadPartCopy", BOTH, async ({ s3, bucket }) => {
    const CopySource = { Bucket: bucket, Key: "from here" };
    await s3.putObject({
      ...CopySource,
      Body: "the only part",
      Metadata: { app: "transcoder" },
    });
    const at = { Bucket: bucket, Key: "to" };

    const { kind } = await copy(s3, { ...at, CopySource }, IN_PARTS);

    assertEquals(kind, "multipart");
    const { Body, Metadata } = await s3.getObject(at);
    assertEquals(await Body.text(), "the only part");
    assertEquals(Metadata, { app: "transcoder" });
  }),
  s3Flow("move", "DeleteObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "from here" };
    await s3.putObject({ ...at, Body: "miaow", ContentType: "text/cat" });

    await move(s3, { Bucket: bucket, Key: "to", CopySource: at });

    assertEquals(await objectExists(s3, at), false);
    const { Body, ContentType } = await s3.getObject({ ...at, Key: "to" });
    assertEquals([await Body.text(), ContentType], ["miaow", "text/cat"]);
  }),
  s3Flow("compose", "UploadPartCopy", BOTH, async ({ s3, bucket }) => {
    const all = { Bucket: bucket, Key: "all" };
    const one = { Bucket: bucket, Key: "from here" };
    await s3.putObject({ ...one, Body: "miaow" });

    const whole = await compose(s3, all, [one]);
    const joined = await compose(s3, { ...all, Key: "joined" }, [
      { ...one, Range: "bytes=-3" },
      one,
    ]);

    assertEquals([whole.kind, whole.downloaded], ["multipart", 0]);
    assertEquals([joined.kind, joined.downloaded], ["single", 8]);
    const copied = await downloadBytes(s3, all);
    assertEquals(new TextDecoder().decode(copied.Body), "miaow");
    const both = await downloadBytes(s3, { ...all, Key: "joined" });
    assertEquals(new TextDecoder().decode(both.Body), "aowmiaow");
  }),
];

function giveUp(): never {
  throw new RangeError("enough");
}
