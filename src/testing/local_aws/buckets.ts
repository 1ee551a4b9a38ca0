/**
 * Buckets: making, finding and removing them, and their configuration.
 *
 * @module
 */
import { base64, utf8 } from "../../foundation/bytes.ts";
import {
  aclDocument,
  canonicalId,
  grantsOf,
  isPublicPolicy,
  ownerGrants,
  policyText,
  readPolicy,
  requestedGrants,
} from "./access.ts";
import { accessBlock, bucketFor, type Call, type Handlers } from "./call.ts";
import { checkCorsRules } from "./browsers.ts";
import { checkedTags, checkGrants } from "./facts.ts";
import {
  type Code,
  invalidArgument,
  invalidRequest,
  notImplemented,
  S3Error,
} from "./s3_error.ts";
import { readToken } from "./listing.ts";
import type { Members, OperationName } from "./shapes.ts";
import { type Bucket, compareKeys } from "./store.ts";

/** Where buckets are when nobody says where. */
const DEFAULT_REGION = "us-east-1";

/** The most buckets of one page. */
const MAX_BUCKETS = 10_000;

/** The most configurations of one page. */
const MAX_CONFIGURATIONS = 100;

/** The most tags of a bucket. */
const MAX_BUCKET_TAGS = 50;

const ownHandlers: Handlers = {
  ListBuckets: (call, input) => {
    const { caller } = call;
    if (caller === undefined) throw new S3Error("AccessDenied");
    const { Prefix: prefix = "", BucketRegion: region } = input;
    const after = input.ContinuationToken
      ? readToken(input.ContinuationToken)
      : "";
    const most = input.MaxBuckets ?? MAX_BUCKETS;
    if (most < 1 || most > MAX_BUCKETS) {
      throw invalidArgument(
        "max-buckets",
        String(most),
        `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`,
      );
    }
    const found = [...call.store.buckets.values()]
      .filter((bucket) =>
        bucket.account === caller.account && bucket.name.startsWith(prefix) &&
        compareKeys(bucket.name, after) > 0 &&
        (region === undefined || bucket.region === region)
      )
      .sort((one, other) => compareKeys(one.name, other.name));
    const page = found.slice(0, most);
    const last = page.at(-1);
    return {
      Owner: { ID: canonicalId(caller.account) },
      Buckets: page.map((bucket) => ({
        Name: bucket.name,
        CreationDate: bucket.created,
        BucketRegion: bucket.region,
        BucketArn: `arn:aws:s3:::${bucket.name}`,
      })),
      ...found.length > page.length && last !== undefined
        ? { ContinuationToken: base64(utf8(last.name)) }
        : {},
      ...prefix === "" ? {} : { Prefix: prefix },
    };
  },

  CreateBucket: async (call, input) => {
    const { caller, bucket: name } = call;
    if (caller === undefined) throw new S3Error("AccessDenied");
    if (!isBucketName(name)) {
      throw new S3Error("InvalidBucketName", { BucketName: name });
    }
    const region = locationOf(
      call,
      input.CreateBucketConfiguration?.LocationConstraint,
    );
    const present = call.store.buckets.get(name);
    if (present !== undefined) {
      if (present.account !== caller.account) {
        throw new S3Error("BucketAlreadyExists", { BucketName: name });
      }
      if (present.region !== DEFAULT_REGION || region !== DEFAULT_REGION) {
        throw new S3Error("BucketAlreadyOwnedByYou", { BucketName: name });
      }
      return { Location: `/${name}` };
    }
    const known = (account: string) => call.keys.isAccount(account);
    const grants = requestedGrants(
      call.headers,
      caller.account,
      caller.account,
      known,
    );
    const bucket: Bucket = {
      name,
      account: caller.account,
      region,
      created: call.now,
      objects: new Map(),
      uploads: new Map(),
      completed: new Map(),
      grants: grants ?? ownerGrants(caller.account),
      configurations: new Map(),
    };
    const { Tags } = input.CreateBucketConfiguration ?? {};
    if (Tags !== undefined) bucket.tags = checkedTags(Tags, MAX_BUCKET_TAGS);
    if (input.ObjectOwnership !== undefined) {
      checkOwnership(input.ObjectOwnership);
      bucket.configurations.set("OwnershipControls", {
        Rules: [{ ObjectOwnership: input.ObjectOwnership }],
      });
    }
    if (grants !== undefined) {
      checkGrants(bucket, grants, call.headers["x-amz-acl"]);
    }
    call.store.buckets.set(name, bucket);
    await call.store.keep(name);
    return { Location: `/${name}`, BucketArn: `arn:aws:s3:::${name}` };
  },

  HeadBucket: (call) => {
    const bucket = bucketFor(call, {
      permission: "READ",
      action: "ListBucket",
    });
    return {
      BucketRegion: bucket.region,
      BucketArn: `arn:aws:s3:::${bucket.name}`,
    };
  },

  DeleteBucket: async (call) => {
    const bucket = bucketFor(call, { action: "DeleteBucket" });
    if (bucket.objects.size > 0) {
      throw new S3Error("BucketNotEmpty", { BucketName: bucket.name });
    }
    call.store.removeBucket(bucket);
    await call.store.keep(bucket.name);
    call.reply.status = 204;
    return {};
  },

  GetBucketLocation: (call) => {
    const { region } = bucketFor(call, {
      permission: "READ",
      action: "GetBucketLocation",
    });
    return region === DEFAULT_REGION
      ? {}
      : { LocationConstraint: region as "eu-west-1" };
  },

  GetBucketVersioning: (call) => {
    const { versioning } = bucketFor(call, { action: "GetBucketVersioning" });
    return versioning === undefined ? {} : { Status: versioning };
  },

  PutBucketVersioning: async (call, input) => {
    const bucket = bucketFor(call, { action: "PutBucketVersioning" });
    const { Status, MFADelete } = input.VersioningConfiguration;
    if (MFADelete === "Enabled") throw notImplemented({ Element: "MfaDelete" });
    if (Status !== "Enabled" && Status !== "Suspended") {
      throw Status === undefined
        ? new S3Error("IllegalVersioningConfigurationException")
        : new S3Error("MalformedXML");
    }
    bucket.versioning = Status === "Enabled" ? "Enabled" : "Suspended";
    await call.store.keep(bucket.name);
    return {};
  },

  GetBucketAcl: (call) => {
    const bucket = bucketFor(call, {
      permission: "READ_ACP",
      action: "GetBucketAcl",
    });
    return aclDocument(bucket.grants, bucket.account);
  },

  PutBucketAcl: async (call, input) => {
    const bucket = bucketFor(call, {
      permission: "WRITE_ACP",
      action: "PutBucketAcl",
    });
    const known = (account: string) => call.keys.isAccount(account);
    const grants = input.AccessControlPolicy === undefined
      ? requestedGrants(call.headers, bucket.account, bucket.account, known)
      : grantsOf(input.AccessControlPolicy, bucket.account, known);
    if (grants === undefined) {
      throw invalidRequest(
        "Your request was missing a required header: x-amz-acl",
      );
    }
    checkGrants(bucket, grants, call.headers["x-amz-acl"]);
    bucket.grants = grants;
    await call.store.keep(bucket.name);
    return {};
  },

  GetBucketPolicy: (call) => {
    const { policy, name } = bucketFor(call, { action: "GetBucketPolicy" });
    if (policy === undefined) {
      throw new S3Error("NoSuchBucketPolicy", { BucketName: name });
    }
    call.reply.headers["content-type"] = "application/json";
    return { Policy: policy };
  },

  PutBucketPolicy: async (call) => {
    const bucket = bucketFor(call, { action: "PutBucketPolicy" });
    const policy = readPolicy(policyText(call.body), bucket.name);
    if (accessBlock(bucket).BlockPublicPolicy && isPublicPolicy(policy)) {
      throw new S3Error("AccessDenied");
    }
    bucket.policy = policy;
    await call.store.keep(bucket.name);
    call.reply.status = 204;
    return {};
  },

  DeleteBucketPolicy: async (call) => {
    const bucket = bucketFor(call, { action: "DeleteBucketPolicy" });
    delete bucket.policy;
    await call.store.keep(bucket.name);
    call.reply.status = 204;
    return {};
  },

  GetBucketPolicyStatus: (call) => {
    const { policy, name } = bucketFor(call, {
      action: "GetBucketPolicyStatus",
    });
    if (policy === undefined) {
      throw new S3Error("NoSuchBucketPolicy", { BucketName: name });
    }
    return { PolicyStatus: { IsPublic: isPublicPolicy(policy) } };
  },

  GetBucketTagging: (call) => {
    const { tags, name } = bucketFor(call, { action: "GetBucketTagging" });
    if (tags === undefined) {
      throw new S3Error("NoSuchTagSet", { BucketName: name });
    }
    return { TagSet: [...tags].map(([Key, Value]) => ({ Key, Value })) };
  },

  PutBucketTagging: async (call, input) => {
    const bucket = bucketFor(call, { action: "PutBucketTagging" });
    bucket.tags = checkedTags(input.Tagging.TagSet, MAX_BUCKET_TAGS);
    await call.store.keep(bucket.name);
    call.reply.status = 204;
    return {};
  },

  DeleteBucketTagging: async (call) => {
    const bucket = bucketFor(call, { action: "PutBucketTagging" });
    delete bucket.tags;
    await call.store.keep(bucket.name);
    call.reply.status = 204;
    return {};
  },
};

/** A configuration that is stored and returned. */
interface Configuration {
  /** Operations are named `Get`, `Put` and `Delete`, and this. */
  readonly name: string;
  /** Operations that are named otherwise. */
  readonly operations?: Readonly<
    Partial<Record<"Delete" | "Get" | "Put", OperationName>>
  >;
  /** Member of the input that it is. */
  readonly input: string;
  /** Member of the output that it is; absent: it is the output. */
  readonly output?: string;
  /** What a bucket without one has: an error's code, or a value. */
  readonly fresh: Code | Members;
  /** Checks it. */
  readonly check?: (value: Members, bucket: Bucket) => void;
  /** Status of its Put. */
  readonly putStatus?: number;
}

/** Configurations of which a bucket has one each. */
const CONFIGURATIONS: readonly Configuration[] = [
  {
    name: "BucketAccelerateConfiguration",
    input: "AccelerateConfiguration",
    fresh: {},
  },
  {
    name: "BucketCors",
    input: "CORSConfiguration",
    fresh: "NoSuchCORSConfiguration",
    check: checkCorsRules,
  },
  {
    name: "BucketEncryption",
    input: "ServerSideEncryptionConfiguration",
    output: "ServerSideEncryptionConfiguration",
    fresh: {
      Rules: [{
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
        BucketKeyEnabled: false,
      }],
    },
  },
  { name: "BucketLogging", input: "BucketLoggingStatus", fresh: {} },
  {
    name: "BucketNotificationConfiguration",
    input: "NotificationConfiguration",
    fresh: {},
  },
  {
    name: "BucketOwnershipControls",
    input: "OwnershipControls",
    output: "OwnershipControls",
    fresh: "OwnershipControlsNotFoundError",
    check: ({ Rules }, { grants, account }) => {
      const [rule] = Array.isArray(Rules) ? Rules : [];
      const ownership = String(rule?.ObjectOwnership);
      checkOwnership(ownership);
      const opened = grants.some(({ grantee }) =>
        grantee !== canonicalId(account)
      );
      if (ownership === "BucketOwnerEnforced" && opened) {
        throw new S3Error("InvalidBucketAclWithObjectOwnership");
      }
    },
  },
  {
    name: "BucketReplication",
    input: "ReplicationConfiguration",
    output: "ReplicationConfiguration",
    fresh: "ReplicationConfigurationNotFoundError",
  },
  {
    name: "BucketRequestPayment",
    input: "RequestPaymentConfiguration",
    fresh: { Payer: "BucketOwner" },
  },
  {
    name: "BucketWebsite",
    input: "WebsiteConfiguration",
    fresh: "NoSuchWebsiteConfiguration",
  },
  {
    name: "PublicAccessBlock",
    input: "PublicAccessBlockConfiguration",
    output: "PublicAccessBlockConfiguration",
    fresh: "NoSuchPublicAccessBlockConfiguration",
  },
];

/** Configurations of which a bucket has several, by their ids. */
const SETS = [
  ["BucketAnalyticsConfiguration", "AnalyticsConfiguration"],
  ["BucketIntelligentTieringConfiguration", "IntelligentTieringConfiguration"],
  ["BucketInventoryConfiguration", "InventoryConfiguration"],
  ["BucketMetricsConfiguration", "MetricsConfiguration"],
] as const;

/** Configurations that a bucket never has here. */
const ABSENT: Readonly<Partial<Record<OperationName, Code>>> = {
  GetBucketLifecycleConfiguration: "NoSuchLifecycleConfiguration",
  GetObjectLockConfiguration: "ObjectLockConfigurationNotFoundError",
};

type AnyHandler = (call: Call, input: Members) => Promise<Members> | Members;

/** The handlers of the table above. */
function configurationHandlers(): Record<string, AnyHandler> {
  const handlers: Record<string, AnyHandler> = {};
  for (const configuration of CONFIGURATIONS) {
    const { name, input, output, fresh, check } = configuration;
    const key = name.replace(/^Bucket(?=Owner|Encr)/, "");
    const action = name.startsWith("Bucket") ? name : `Bucket${name}`;
    handlers[`Get${name}`] = (call) => {
      const bucket = bucketFor(call, { action: `Get${action}` });
      const found = bucket.configurations.get(key) ?? fresh;
      if (typeof found === "string") {
        throw new S3Error(found as Code, { BucketName: bucket.name });
      }
      // Only values of this table's inputs are stored.
      return output === undefined ? found as Members : { [output]: found };
    };
    handlers[`Put${name}`] = async (call, given) => {
      const bucket = bucketFor(call, { action: `Put${action}` });
      const value = given[input] as Members;
      check?.(value, bucket);
      bucket.configurations.set(key, value);
      await call.store.keep(bucket.name);
      return {};
    };
    handlers[`Delete${name}`] = async (call) => {
      const bucket = bucketFor(call, { action: `Put${action}` });
      bucket.configurations.delete(key);
      await call.store.keep(bucket.name);
      call.reply.status = 204;
      return {};
    };
  }
  for (const [name, member] of SETS) {
    const setOf = (bucket: Bucket): Members =>
      (bucket.configurations.get(name) ?? {}) as Members;
    handlers[`Get${name}`] = (call, { Id }) => {
      const bucket = bucketFor(call, { action: `Get${name}` });
      const found = setOf(bucket)[String(Id)];
      if (found === undefined) throw new S3Error("NoSuchConfiguration");
      return { [member]: found };
    };
    handlers[`Put${name}`] = async (call, input) => {
      const bucket = bucketFor(call, { action: `Put${name}` });
      bucket.configurations.set(name, {
        ...setOf(bucket),
        [String(input["Id"])]: input[member],
      });
      await call.store.keep(bucket.name);
      return {};
    };
    handlers[`Delete${name}`] = async (call, { Id }) => {
      const bucket = bucketFor(call, { action: `Put${name}` });
      const { [String(Id)]: found, ...rest } = setOf(bucket);
      if (found === undefined) throw new S3Error("NoSuchConfiguration");
      bucket.configurations.set(name, rest);
      await call.store.keep(bucket.name);
      call.reply.status = 204;
      return {};
    };
    handlers[`List${name}s`] = (call, { ContinuationToken: token }) => {
      const bucket = bucketFor(call, { action: `Get${name}` });
      const after = token ? readToken(String(token)) : "";
      const ids = Object.keys(setOf(bucket)).sort(compareKeys)
        .filter((id) => compareKeys(id, after) > 0);
      const page = ids.slice(0, MAX_CONFIGURATIONS);
      const more = ids.length > page.length;
      return {
        IsTruncated: more,
        ...token === undefined ? {} : { ContinuationToken: token },
        ...more
          ? { NextContinuationToken: base64(utf8(page.at(-1) ?? "")) }
          : {},
        [`${member}List`]: page.map((id) => setOf(bucket)[id]),
      };
    };
  }
  for (const [name, code] of Object.entries(ABSENT)) {
    handlers[name] = (call) => {
      bucketFor(call, { action: name });
      throw new S3Error(code, { BucketName: call.bucket });
    };
  }
  handlers["DeleteBucketLifecycle"] = (call) => {
    bucketFor(call, { action: "PutLifecycleConfiguration" });
    call.reply.status = 204;
    return {};
  };
  return handlers;
}

/** The handlers of operations on buckets. */
export const bucketHandlers: Handlers = {
  // The table's names are those of operations.
  ...configurationHandlers() as Handlers,
  ...ownHandlers,
};

/** The bucket's rules of CORS, where it has some. */
export function corsOf({ configurations }: Bucket): Members | undefined {
  return configurations.get("BucketCors") as Members | undefined;
}

function checkOwnership(value: string): void {
  if (
    !["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"].includes(
      value,
    )
  ) {
    throw invalidArgument(
      "x-amz-object-ownership",
      value,
      `Invalid x-amz-object-ownership header: ${value}`,
    );
  }
}

/** Source: "General purpose bucket naming rules", Amazon S3 User Guide. */
function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !/\.\.|\.-|-\./.test(name) && !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^(?:xn--|sthree-|amzn-s3-demo-)/.test(name) &&
    !/(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
}

/** The region in which a bucket is to be made. */
function locationOf(call: Call, constraint: string | undefined): string {
  const asked = constraint === "EU" ? "eu-west-1" : constraint;
  const region = asked || DEFAULT_REGION;
  if (asked === undefined || asked === "") {
    if (call.region === DEFAULT_REGION) return region;
    throw new S3Error(
      "IllegalLocationConstraintException",
      { Region: call.region },
      `The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  if (call.region !== DEFAULT_REGION && region !== call.region) {
    throw new S3Error(
      "IllegalLocationConstraintException",
      { Region: call.region },
      `The ${region} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  if (!call.regions.includes(region)) {
    throw new S3Error("InvalidLocationConstraint", {
      LocationConstraint: region,
    });
  }
  return region;
}
