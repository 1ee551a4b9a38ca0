/**
 * Stores that speak the protocol of S3: how a client is set up for each, and what
 * each is known to do.
 *
 * @module
 */
import { ConfigError } from "../../foundation/errors.ts";
import type { ClientCore } from "../../ports/caller.ts";
import type { ChecksumAlgorithm } from "./generated/types.ts";
import type { S3Config, StoreName } from "./service.ts";

export type { StoreName };

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
  aws: ({ region }: RegionalStore): S3Config => ({ region, store: "aws" }),

  /** Backblaze B2. */
  b2: ({ region }: RegionalStore): S3Config => ({
    region,
    endpointUrl: `https://s3.${region}.backblazeb2.com`,
    addressingStyle: "virtual",
    store: "b2",
  }),

  /** Ceph's object gateway. */
  ceph: (location: OwnStore): S3Config => ownStore("ceph", location),

  /** Google Cloud Storage, with HMAC keys. */
  gcs: (): S3Config => ({
    region: "auto",
    endpointUrl: "https://storage.googleapis.com",
    addressingStyle: "path",
    store: "gcs",
  }),

  /** MinIO. */
  minio: (location: OwnStore): S3Config => ownStore("minio", location),

  /** Cloudflare R2. */
  r2: ({ accountId, jurisdiction }: R2Store): S3Config => ({
    region: "auto",
    endpointUrl: `https://${
      [accountId, ...jurisdiction ? [jurisdiction] : []].join(".")
    }.r2.cloudflarestorage.com`,
    addressingStyle: "path",
    store: "r2",
  }),

  /** DigitalOcean Spaces. */
  spaces: ({ region }: RegionalStore): S3Config => ({
    region,
    endpointUrl: `https://${region}.digitaloceanspaces.com`,
    addressingStyle: "virtual",
    store: "spaces",
  }),

  /** OpenStack Swift, by its s3api. */
  swift: (location: OwnStore): S3Config => ownStore("swift", location),

  /** Tigris. */
  tigris: (): S3Config => ({
    region: "auto",
    endpointUrl: "https://t3.storage.dev",
    addressingStyle: "virtual",
    store: "tigris",
  }),

  /** Wasabi. */
  wasabi: ({ region }: RegionalStore): S3Config => ({
    region,
    endpointUrl: `https://s3.${region}.wasabisys.com`,
    addressingStyle: "path",
    store: "wasabi",
  }),
} as const satisfies Readonly<Record<StoreName, unknown>>;

/**
 * What a store does with a condition on a write: it keeps it, it refuses the
 * request, or it ignores the condition and writes.
 */
export type ConditionOutcome = "ignored" | "kept" | "refused";

/** Conditions on one operation. One that nobody has seen is absent. */
export interface ConditionFacts {
  /** `If-Match` with an ETag as the store gives it. */
  readonly ifMatch?: ConditionOutcome;
  /** `If-None-Match: *`. */
  readonly ifNoneMatch?: ConditionOutcome;
}

/**
 * What a store is known to do, beside reading, writing and listing. What nobody
 * has seen is absent.
 */
export interface StoreFacts {
  /** Its name. */
  readonly title: string;
  /**
   * The version that was tried, over loopback, in November 2026. Absent: the
   * facts are those of its sources.
   */
  readonly tried?: string;
  /** Conditions on PutObject. */
  readonly put?: ConditionFacts;
  /** Conditions on CompleteMultipartUpload. */
  readonly complete?: ConditionFacts;
  /** Conditions on DeleteObject. */
  readonly delete?: Pick<ConditionFacts, "ifMatch">;
  /** Checksums beside MD5 that it takes and keeps. */
  readonly checksums?: readonly ChecksumAlgorithm[];
  /** Whether it reads bodies in the form aws-chunked, with a trailer. */
  readonly awsChunked?: "no" | "yes";
  /** What it wants with DeleteObjects: `Content-MD5`, or a checksum of its choice, too; `"none"`: it has no DeleteObjects. */
  readonly deleteObjects?: "any" | "md5" | "none";
  /** Where that is said; of what was tried, where the store is from. */
  readonly sources: readonly string[];
}

const SPREAD = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;

const BOTH_KEPT = { ifMatch: "kept", ifNoneMatch: "kept" } as const;

/**
 * What each store is known to do, as of November 2026. Stores change: what their
 * own pages say counts more.
 */
export const STORES: Readonly<Record<StoreName, StoreFacts>> = {
  aws: {
    title: "Amazon S3",
    put: BOTH_KEPT,
    complete: BOTH_KEPT,
    delete: { ifMatch: "kept" },
    checksums: SPREAD,
    awsChunked: "yes",
    deleteObjects: "any",
    sources: [
      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html",
      "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html",
    ],
  },
  b2: {
    title: "Backblaze B2",
    put: { ifMatch: "refused", ifNoneMatch: "refused" },
    checksums: [],
    deleteObjects: "md5",
    sources: [
      "https://www.backblaze.com/docs/cloud-storage-s3-compatible-api",
      "https://github.com/sathinduga/obsidian-s3-sync-and-backup/pull/84",
      "https://github.com/stonith404/pingvin-share/issues/798",
    ],
  },
  ceph: {
    title: "Ceph object gateway",
    tried: "16.2.15",
    // It compares If-Match with the ETag without its quotes: 412, always.
    put: { ifMatch: "refused", ifNoneMatch: "kept" },
    complete: { ifMatch: "ignored", ifNoneMatch: "ignored" },
    delete: { ifMatch: "ignored" },
    checksums: [],
    awsChunked: "no",
    deleteObjects: "any",
    sources: [
      "https://packages.debian.org/bookworm/radosgw",
      "https://github.com/gaul/undocumented-s3-apis/issues/4",
      "https://tracker.ceph.com/issues/8562",
    ],
  },
  gcs: {
    title: "Google Cloud Storage",
    checksums: [],
    deleteObjects: "none",
    sources: [
      "https://cloud.google.com/storage/docs/xml-api/reference-headers",
      "https://github.com/aws/aws-sdk-java-v2/pull/6055",
    ],
  },
  minio: {
    title: "MinIO",
    put: BOTH_KEPT,
    delete: { ifMatch: "ignored" },
    checksums: SPREAD,
    awsChunked: "yes",
    deleteObjects: "md5",
    sources: [
      "https://blog.min.io/leading-the-way-minios-conditional-write-feature-for-modern-data-workloads/",
      "https://github.com/minio/minio/issues/21677",
      "https://github.com/owncast/owncast/pull/5190",
    ],
  },
  r2: {
    title: "Cloudflare R2",
    put: BOTH_KEPT,
    checksums: SPREAD,
    sources: [
      "https://developers.cloudflare.com/r2/api/s3/api/",
      "https://developers.cloudflare.com/r2/api/s3/conditional-operations/",
    ],
  },
  spaces: {
    title: "DigitalOcean Spaces",
    deleteObjects: "md5",
    sources: [
      "https://docs.digitalocean.com/reference/api/spaces/",
    ],
  },
  swift: {
    title: "OpenStack Swift (s3api)",
    tried: "2.30.1",
    put: { ifMatch: "refused", ifNoneMatch: "refused" },
    complete: { ifMatch: "refused", ifNoneMatch: "kept" },
    delete: { ifMatch: "kept" },
    checksums: [],
    awsChunked: "no",
    deleteObjects: "md5",
    sources: ["https://packages.debian.org/bookworm/swift-proxy"],
  },
  tigris: {
    title: "Tigris",
    put: BOTH_KEPT,
    sources: [
      "https://www.tigrisdata.com/docs/objects/conditionals/",
      "https://www.tigrisdata.com/docs/llms-full.txt",
    ],
  },
  wasabi: {
    title: "Wasabi",
    deleteObjects: "md5",
    sources: ["https://docs.wasabi.com/docs/rest-api-introduction"],
  },
};

/**
 * What the store of a client is known to do, where the client says which it is.
 *
 * @param core What the client is built on.
 */
export async function factsOf(
  { settings }: ClientCore,
): Promise<StoreFacts | undefined> {
  const { store }: S3Config = await settings?.() ?? {};
  return store === undefined ? undefined : STORES[store];
}

/**
 * Refuses a write under a condition that its store is known to ignore: it would
 * overwrite what the condition protects.
 *
 * @param core What the client is built on.
 * @param operation What writes.
 * @param input The object and its conditions.
 * @throws {ConfigError} `"ConditionIgnored"`.
 */
export async function refuseIgnored(
  core: ClientCore,
  operation: "complete" | "put",
  { Bucket, Key, IfMatch, IfNoneMatch }: ConditionalWrite,
): Promise<void> {
  if (IfMatch === undefined && IfNoneMatch === undefined) return;
  const facts = await factsOf(core);
  const { ifMatch, ifNoneMatch } = facts?.[operation] ?? {};
  const ignored = IfMatch !== undefined && ifMatch === "ignored"
    ? "IfMatch"
    : IfNoneMatch !== undefined && ifNoneMatch === "ignored"
    ? "IfNoneMatch"
    : undefined;
  if (facts === undefined || ignored === undefined) return;
  const { title, tried } = facts;
  const store = tried === undefined ? title : `${title} (tried: ${tried})`;
  const [where, remedy] = operation === "complete"
    ? [
      " in parts",
      "Raise threshold above the length of the object, or leave it out",
    ]
    : ["", "Leave it out"];
  throw new ConfigError(
    "ConditionIgnored",
    `Cannot write "${Key}" of bucket "${Bucket}"${where} with ${ignored}: ${store} ignores it and would overwrite the object. ${remedy}`,
  );
}

/** An object that is written under conditions. */
interface ConditionalWrite {
  readonly Bucket: string;
  readonly Key: string;
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

function ownStore(
  store: StoreName,
  { endpointUrl, region = "us-east-1" }: OwnStore,
): S3Config {
  return { region, endpointUrl, addressingStyle: "path", store };
}
