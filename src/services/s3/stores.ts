/**
 * Stores that speak the protocol of S3: how a client is set up for each, and what
 * each is known to do.
 *
 * @module
 */
import type { ChecksumAlgorithm } from "./generated/types.ts";
import type { S3Config } from "./settings.ts";

/** The stores that there are settings for. */
export type StoreName =
  | "aws"
  | "b2"
  | "ceph"
  | "gcs"
  | "minio"
  | "r2"
  | "spaces"
  | "tigris"
  | "wasabi";

/** A store in the regions of a provider. */
export interface RegionalStore {
  /** The region, as the provider calls it, for example `"us-west-004"`. */
  readonly region: string;
}

/** A store that someone runs themselves. */
export interface OwnStore {
  /** Where it is, for example `"http://localhost:9000"`. */
  readonly endpointUrl: string;
  /** Its region. Default: `"us-east-1"`. */
  readonly region?: string;
}

/** An account of Cloudflare R2. */
export interface R2Store {
  /** Id of the account, 32 hexadecimal digits. */
  readonly accountId: string;
  /** Jurisdiction that its buckets are bound to. Default: none. */
  readonly jurisdiction?: "eu" | "fedramp";
}

/**
 * Settings for the clients of stores.
 *
 * Stores other than Amazon's get no checksums beyond what an operation demands,
 * and `Content-MD5` there, which all of them know: that is what a client does
 * with an endpoint of its own. What a store takes beyond that stands in
 * {@linkcode STORES}.
 *
 * @example Cloudflare R2
 * ```ts ignore
 * const s3 = session.client(S3, stores.r2({ accountId }));
 * ```
 */
export const stores = {
  /** Amazon S3. */
  aws: ({ region }: RegionalStore): S3Config => ({ region }),

  /** Backblaze B2. */
  b2: ({ region }: RegionalStore): S3Config => ({
    region,
    endpointUrl: `https://s3.${region}.backblazeb2.com`,
    addressingStyle: "virtual",
  }),

  /** Ceph's object gateway. */
  ceph: ownStore,

  /** Google Cloud Storage, with HMAC keys. */
  gcs: (): S3Config => ({
    region: "auto",
    endpointUrl: "https://storage.googleapis.com",
    addressingStyle: "path",
  }),

  /** MinIO. */
  minio: ownStore,

  /** Cloudflare R2. */
  r2: ({ accountId, jurisdiction }: R2Store): S3Config => ({
    region: "auto",
    endpointUrl: `https://${
      [accountId, ...jurisdiction ? [jurisdiction] : []].join(".")
    }.r2.cloudflarestorage.com`,
    addressingStyle: "path",
  }),

  /** DigitalOcean Spaces. */
  spaces: ({ region }: RegionalStore): S3Config => ({
    region,
    endpointUrl: `https://${region}.digitaloceanspaces.com`,
    addressingStyle: "virtual",
  }),

  /** Tigris. */
  tigris: (): S3Config => ({
    region: "auto",
    endpointUrl: "https://t3.storage.dev",
    addressingStyle: "virtual",
  }),

  /** Wasabi. */
  wasabi: ({ region }: RegionalStore): S3Config => ({
    region,
    endpointUrl: `https://s3.${region}.wasabisys.com`,
    addressingStyle: "path",
  }),
} as const satisfies Readonly<Record<StoreName, unknown>>;

/** What a store is known to do, beside reading, writing and listing. */
export interface StoreFacts {
  /** Its name. */
  readonly title: string;
  /**
   * Conditions on writes: `"all"` for `If-None-Match: *` and `If-Match`,
   * `"none"` where they are refused or, worse, ignored.
   */
  readonly conditionalPut: "all" | "none" | "unknown";
  /** Checksums beside MD5 that it takes and keeps. */
  readonly checksums: readonly ChecksumAlgorithm[] | "unknown";
  /** Whether it reads bodies in the form aws-chunked, which streams have. */
  readonly awsChunked: "no" | "unknown" | "yes";
  /** What it wants with DeleteObjects: `Content-MD5`, or a checksum of its choice, too. */
  readonly deleteObjects: "any" | "md5" | "none" | "unknown";
  /** Where that is said. */
  readonly sources: readonly string[];
}

const SPREAD = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;

/**
 * What each store is known to do, as of November 2026. Stores change: what their
 * own pages say counts more.
 */
export const STORES: Readonly<Record<StoreName, StoreFacts>> = {
  aws: {
    title: "Amazon S3",
    conditionalPut: "all",
    checksums: SPREAD,
    awsChunked: "yes",
    deleteObjects: "any",
    sources: [
      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
      "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html",
    ],
  },
  b2: {
    title: "Backblaze B2",
    conditionalPut: "none",
    checksums: [],
    awsChunked: "unknown",
    deleteObjects: "md5",
    sources: [
      "https://www.backblaze.com/docs/cloud-storage-s3-compatible-api",
      "https://github.com/sathinduga/obsidian-s3-sync-and-backup/pull/84",
      "https://github.com/stonith404/pingvin-share/issues/798",
    ],
  },
  ceph: {
    title: "Ceph object gateway",
    conditionalPut: "all",
    checksums: "unknown",
    awsChunked: "unknown",
    deleteObjects: "md5",
    sources: [
      "https://github.com/gaul/undocumented-s3-apis/issues/4",
      "https://tracker.ceph.com/issues/8562",
    ],
  },
  gcs: {
    title: "Google Cloud Storage",
    conditionalPut: "none",
    checksums: [],
    awsChunked: "unknown",
    deleteObjects: "none",
    sources: [
      "https://cloud.google.com/storage/docs/xml-api/reference-headers",
      "https://github.com/aws/aws-sdk-java-v2/pull/6055",
    ],
  },
  minio: {
    title: "MinIO",
    conditionalPut: "all",
    checksums: SPREAD,
    awsChunked: "yes",
    deleteObjects: "md5",
    sources: [
      "https://blog.min.io/leading-the-way-minios-conditional-write-feature-for-modern-data-workloads/",
      "https://github.com/owncast/owncast/pull/5190",
    ],
  },
  r2: {
    title: "Cloudflare R2",
    conditionalPut: "all",
    checksums: SPREAD,
    awsChunked: "unknown",
    deleteObjects: "unknown",
    sources: [
      "https://developers.cloudflare.com/r2/api/s3/api/",
      "https://developers.cloudflare.com/r2/api/s3/conditional-operations/",
    ],
  },
  spaces: {
    title: "DigitalOcean Spaces",
    conditionalPut: "unknown",
    checksums: "unknown",
    awsChunked: "unknown",
    deleteObjects: "md5",
    sources: [
      "https://docs.digitalocean.com/reference/api/spaces/",
    ],
  },
  tigris: {
    title: "Tigris",
    conditionalPut: "all",
    checksums: "unknown",
    awsChunked: "unknown",
    deleteObjects: "unknown",
    sources: [
      "https://www.tigrisdata.com/docs/objects/conditionals/",
      "https://www.tigrisdata.com/docs/llms-full.txt",
    ],
  },
  wasabi: {
    title: "Wasabi",
    conditionalPut: "unknown",
    checksums: "unknown",
    awsChunked: "unknown",
    deleteObjects: "md5",
    sources: ["https://docs.wasabi.com/docs/rest-api-introduction"],
  },
};

function ownStore({ endpointUrl, region = "us-east-1" }: OwnStore): S3Config {
  return { region, endpointUrl, addressingStyle: "path" };
}
