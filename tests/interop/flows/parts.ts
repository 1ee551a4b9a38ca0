/**
 * Uploads in parts, call by call.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  abortUnfinishedUploads,
  listUnfinishedUploads,
} from "../../../src/transfer/mod.ts";
import { BOTH, type Flow, refusal, s3Flow } from "../story.ts";

/** Uploads in parts, call by call. */
export const PARTS: readonly Flow[] = [
  s3Flow("multipart_upload", "CreateMultipartUpload", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "parts" };

    const { UploadId } = await s3.createMultipartUpload(at);
    const { ETag } = await s3.uploadPart({
      ...at,
      UploadId,
      PartNumber: 1,
      Body: "the only part",
    });
    const { Parts } = await s3.listParts({ ...at, UploadId });
    const done = await s3.completeMultipartUpload({
      ...at,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });

    assertEquals(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]), [
      [1, 13],
    ]);
    assertEquals(done.Key, "parts");
    assertEquals(await (await s3.getObject(at)).Body.text(), "the only part");
  }),
  s3Flow("multipart_upload_aborted", "AbortMultipartUpload", BOTH, async (
    { s3, bucket },
  ) => {
    const at = { Bucket: bucket, Key: "never" };

    const { UploadId } = await s3.createMultipartUpload(at);
    await s3.abortMultipartUpload({ ...at, UploadId });

    const error = await refusal(s3.listParts({ ...at, UploadId }));
    assertEquals(error.code, "NoSuchUpload");
  }),
  s3Flow("unfinished_uploads", "ListMultipartUploads", BOTH, async (
    { s3, bucket },
  ) => {
    for (const Key of ["drafts/a b+", "drafts/c", "kept"]) {
      await s3.createMultipartUpload({ Bucket: bucket, Key });
    }

    const aborted = await abortUnfinishedUploads(s3, bucket, {
      prefix: "drafts/",
    });
    const left = await Array.fromAsync(listUnfinishedUploads(s3, bucket));

    assertEquals(aborted.map(({ Key }) => Key), ["drafts/a b+", "drafts/c"]);
    assertEquals(left.map(({ Key }) => Key), ["kept"]);
  }),
];
