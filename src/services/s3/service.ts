/**
 * S3, as the session sees it.
 *
 * @module
 */
import type { ServiceDefinition } from "../../ports/service.ts";
import { amendInput } from "./amend.ts";
import { BucketRegions } from "./bucket_region.ts";
import { s3Endpoint } from "./endpoint.ts";
import { openBucketSession } from "./bucket_session.ts";
import { HeadBucket } from "./generated/operations.ts";
import { amendOutput } from "./listings.ts";
import { type S3Config, s3Settings } from "./settings.ts";
import { headHint } from "./stat.ts";

/** Facts of S3. */
export const s3: ServiceDefinition<S3Config> = {
  id: "s3",
  protocol: async () => (await import("../../protocol/rest_xml.ts")).restXml,
  endpoint: s3Endpoint,
  amend: amendInput,
  amendOutput,
  hint: headHint,
  regions: (call, known) =>
    new BucketRegions(
      (bucket, signal) =>
        call(HeadBucket, { Bucket: bucket }, signal ? { signal } : {}),
      known,
    ),
  openSession: openBucketSession,
  settings: s3Settings,
  regionless: true,
};
