/**
 * The verbs of buckets and objects: ls, cat, stat, rm, presign, mb, rb.
 *
 * @module
 */
import {
  DeleteObject,
  GetObject,
  HeadObject,
  type Operation,
  PutObject,
  type S3,
} from "../services/s3/mod.ts";
import {
  deleteBucketWithObjects,
  deleteMany,
  downloadStream,
  type FolderFilter,
  folderFilter,
} from "../transfer/mod.ts";
import {
  CALL_PERMISSIONS,
  type CliCall,
  type CliVerb,
  countText,
  EXIT,
  FILTER_OPTIONS,
  objectAddress,
  printable,
  type S3Address,
  s3Address,
  UsageError,
} from "./command.ts";

const LS: CliVerb = {
  name: "ls",
  summary: "List buckets, or the objects and folders below a prefix.",
  args: "[s3://bucket[/prefix]]",
  options: {
    recursive: {
      type: "boolean",
      short: "r",
      help: "all objects below, without folders",
    },
  },
  count: [0, 1],
  permissions: CALL_PERMISSIONS,
  example: "ls s3://photos/2026/",
  run: async (call) => {
    const [address] = call.args;
    return address === undefined
      ? await listBuckets(call)
      : await listObjects(call, s3Address(address));
  },
};

async function listBuckets(call: CliCall): Promise<number> {
  const s3 = call.client();
  const { Buckets = [] } = await s3.listBuckets({}, { signal: call.signal });
  for (const { Name = "", CreationDate } of Buckets) {
    await call.print(
      { bucket: Name, created: CreationDate },
      `${timeText(CreationDate)}  s3://${printable(Name)}`,
    );
  }
  return EXIT.done;
}

async function listObjects(
  call: CliCall,
  { Bucket, Key }: S3Address,
): Promise<number> {
  const s3 = call.client();
  const pages = s3.listObjectsV2Pages({
    Bucket,
    ...Key !== "" && { Prefix: Key },
    ...!call.flag("recursive") && { Delimiter: "/" },
  }, { signal: call.signal });
  let found = false;
  for await (const { CommonPrefixes = [], Contents = [] } of pages) {
    for (const { Prefix = "" } of CommonPrefixes) {
      found = true;
      await call.print(
        { prefix: Prefix },
        `${" ".repeat(20)}  ${"folder".padStart(12)}  ${printable(Prefix)}`,
      );
    }
    for (
      const { Key, Size = 0, LastModified, ETag, StorageClass } of Contents
    ) {
      found = true;
      await call.print(
        {
          key: Key,
          size: Size,
          lastModified: LastModified,
          etag: ETag,
          storageClass: StorageClass,
        },
        `${timeText(LastModified)}  ${String(Size).padStart(12)}  ${
          printable(Key)
        }`,
      );
    }
  }
  if (found || Key === "") return EXIT.done;
  await call.note(`Nothing begins with s3://${Bucket}/${printable(Key)}`);
  return EXIT.failed;
}

/** A time of a whole second, 20 characters. */
function timeText(time: Date | undefined): string {
  return (time?.toISOString().replace(/\.\d+Z$/, "Z") ?? "").padEnd(20);
}

const CAT: CliVerb = {
  name: "cat",
  summary: "Write objects to standard output, verified.",
  args: "s3://bucket/key...",
  options: {
    "version-id": { type: "string", value: "ID", help: "an older version" },
  },
  count: [1, Infinity],
  permissions: CALL_PERMISSIONS,
  example: "cat s3://logs/today.json | jq .",
  run: async (call) => {
    const s3 = call.client();
    const VersionId = call.text("version-id");
    for (const { Bucket, Key } of call.args.map(objectAddress)) {
      const { Body } = await downloadStream(s3, {
        Bucket,
        Key,
        ...VersionId !== undefined && { VersionId },
      }, { signal: call.signal });
      for await (const piece of Body) await call.io.write(piece);
    }
    return EXIT.done;
  },
};

const STAT: CliVerb = {
  name: "stat",
  summary: "Show what is known of an object or a bucket.",
  args: "s3://bucket[/key]",
  options: {
    "version-id": { type: "string", value: "ID", help: "an older version" },
  },
  count: [1, 1],
  permissions: CALL_PERMISSIONS,
  example: "stat s3://photos/cat.jpg",
  run: async (call) => {
    const { Bucket, Key } = s3Address(call.args[0] ?? "");
    const s3 = call.client();
    const { signal } = call;
    const VersionId = call.text("version-id");
    const { ResponseMetadata: _facts, ...known } = Key === ""
      ? await s3.headBucket({ Bucket }, { signal })
      : await s3.headObject({
        Bucket,
        Key,
        ChecksumMode: "ENABLED",
        ...VersionId !== undefined && { VersionId },
      }, { signal });
    const facts = { Bucket, ...Key !== "" && { Key }, ...known };
    await call.print(facts, () => factsText(facts));
    return EXIT.done;
  },
};

function factsText(facts: object): string {
  const lines = Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== null)
    .flatMap(([name, value]): [string, string][] => {
      if (value instanceof Date) return [[name, timeText(value).trimEnd()]];
      if (typeof value !== "object") return [[name, printable(String(value))]];
      return Object.entries(value).map((
        [member, text],
      ) => [`${name}.${printable(member)}`, printable(String(text))]);
    });
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join("\n");
}

const RM: CliVerb = {
  name: "rm",
  summary: "Delete objects, or with -r all below a prefix.",
  args: "s3://bucket/key...",
  options: {
    recursive: { type: "boolean", short: "r", help: "all objects below" },
    ...FILTER_OPTIONS,
    "dry-run": { type: "boolean", help: "show what would be deleted" },
    yes: {
      type: "boolean",
      short: "y",
      help: "empty a bucket without a question",
    },
  },
  count: [1, Infinity],
  permissions: CALL_PERMISSIONS,
  example: "rm -r s3://logs/2025 --exclude '*' --include '*.tmp' --dry-run",
  run: remove,
};

async function remove(call: CliCall): Promise<number> {
  const recursive = call.flag("recursive");
  const addresses = call.args.map(recursive ? s3Address : objectAddress);
  if (!recursive && call.filters.length > 0) {
    throw new UsageError("--include and --exclude need --recursive");
  }
  const s3 = call.client();
  let code: number = EXIT.done;
  for (const address of addresses) {
    const { Bucket, Key } = address;
    if (recursive && Key === "" && !await mayEmpty(call, Bucket)) {
      return EXIT.failed;
    }
    const keys = recursive
      ? keysBelow(s3, address, call.filters, call.signal)
      : [Key];
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      if (!await removeKeys(call, s3, Bucket, batch)) code = EXIT.partly;
      batch = [];
    };
    for await (const key of keys) {
      batch.push(key);
      if (batch.length === 1_000) await flush();
    }
    if (batch.length > 0) await flush();
  }
  return code;
}

/** Whether all of a bucket may be deleted. */
async function mayEmpty(call: CliCall, bucket: string): Promise<boolean> {
  if (call.flag("dry-run") || call.flag("yes") || call.filters.length > 0) {
    return true;
  }
  const { confirm } = call.io;
  if (confirm === undefined) {
    throw new UsageError(
      `rm -r s3://${bucket} deletes all its objects; say so with --yes`,
    );
  }
  if (await confirm(`Delete all objects of "${printable(bucket)}"?`)) {
    return true;
  }
  await call.note("Nothing was deleted.");
  return false;
}

async function* keysBelow(
  s3: S3,
  { Bucket, Key }: S3Address,
  filters: readonly FolderFilter[],
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const prefix = Key === "" || Key.endsWith("/") ? Key : `${Key}/`;
  const takes = folderFilter(filters);
  const where = { Bucket, ...prefix !== "" && { Prefix: prefix } };
  for await (const page of s3.listObjectsV2Pages(where, { signal })) {
    for (const { Key = "" } of page.Contents ?? []) {
      if (takes(Key.slice(prefix.length))) yield Key;
    }
  }
}

/** Whether all of them were deleted. */
async function removeKeys(
  call: CliCall,
  s3: S3,
  bucket: string,
  keys: readonly string[],
): Promise<boolean> {
  const shown = (key: string): string => `s3://${bucket}/${printable(key)}`;
  if (call.flag("dry-run")) {
    for (const key of keys) {
      await call.print({ key, dryRun: true }, `would delete ${shown(key)}`);
    }
    return true;
  }
  const { signal } = call;
  const [key = ""] = keys;
  // One object alone needs no list.
  if (keys.length === 1) {
    await s3.deleteObject({ Bucket: bucket, Key: key }, { signal });
    await call.print({ key, deleted: true }, `delete ${shown(key)}`);
    return true;
  }
  let isAll = true;
  for (const result of await deleteMany(s3, bucket, keys, { signal })) {
    if (result.kind === "deleted") {
      await call.print(
        { key: result.Key, deleted: true },
        `delete ${shown(result.Key)}`,
      );
      continue;
    }
    isAll = false;
    const { Key, Code = "", Message = "" } = result;
    await call.note(
      `failed delete ${shown(Key)}: ${printable(`${Code}: ${Message}`)}`,
    );
  }
  return isAll;
}

const METHODS: Readonly<
  Record<
    "DELETE" | "GET" | "HEAD" | "PUT",
    Operation<{ Bucket: string; Key: string }, unknown>
  >
> = {
  GET: GetObject,
  PUT: PutObject,
  HEAD: HeadObject,
  DELETE: DeleteObject,
};

const PRESIGN: CliVerb = {
  name: "presign",
  summary:
    "Print a URL that carries its own signature, for someone without keys.",
  args: "s3://bucket/key",
  options: {
    expires: {
      type: "string",
      value: "SECONDS",
      help: "life of the URL, up to 604800; default 3600",
    },
    method: {
      type: "string",
      value: "NAME",
      help: "GET (default), PUT, HEAD or DELETE",
    },
  },
  count: [1, 1],
  permissions: "--allow-env=AWS_*,HOME --allow-read=$HOME/.aws",
  example: "presign s3://photos/cat.jpg --expires 600",
  run: async (call) => {
    const { Bucket, Key } = objectAddress(call.args[0] ?? "");
    const method = (call.text("method") ?? "GET").toUpperCase();
    if (!isMethod(method)) {
      throw new UsageError(
        `--method must be GET, PUT, HEAD or DELETE, got "${method}"`,
      );
    }
    const expiresInSeconds = call.number("expires");
    const { url, headers, expiresAt } = await call.client().presign(
      METHODS[method],
      { Bucket, Key },
      {
        signal: call.signal,
        ...expiresInSeconds !== undefined && { expiresInSeconds },
      },
    );
    await call.print({ url, method, headers, expiresAt }, url);
    return EXIT.done;
  },
};

function isMethod(text: string): text is keyof typeof METHODS {
  return Object.hasOwn(METHODS, text);
}

const MB: CliVerb = {
  name: "mb",
  summary: "Make a bucket.",
  args: "s3://bucket",
  count: [1, 1],
  permissions: CALL_PERMISSIONS,
  example: "mb s3://photos --region eu-west-1",
  run: async (call) => {
    const Bucket = bucketOf(call);
    await call.client().createBucket({ Bucket }, { signal: call.signal });
    await call.print({ bucket: Bucket, created: true }, `make s3://${Bucket}`);
    return EXIT.done;
  },
};

const RB: CliVerb = {
  name: "rb",
  summary: "Remove a bucket that is empty, or with --force one that is not.",
  args: "s3://bucket",
  options: {
    force: {
      type: "boolean",
      help: "delete its objects, versions and unfinished uploads first",
    },
  },
  count: [1, 1],
  permissions: CALL_PERMISSIONS,
  example: "rb s3://scratch --force",
  run: async (call) => {
    const Bucket = bucketOf(call);
    const s3 = call.client();
    const { signal } = call;
    if (!call.flag("force")) {
      await s3.deleteBucket({ Bucket }, { signal });
      await call.print(
        { bucket: Bucket, deleted: true },
        `remove s3://${Bucket}`,
      );
      return EXIT.done;
    }
    const result = await deleteBucketWithObjects(s3, Bucket, { signal });
    for (const { Key = "", Code = "", Message = "" } of result.failures) {
      await call.note(
        `failed delete ${printable(Key)}: ${printable(`${Code}: ${Message}`)}`,
      );
    }
    await call.print(
      { bucket: Bucket, ...result },
      `${result.deleted ? "remove" : "keep"} s3://${Bucket}, ${
        countText(result.objects, "object")
      } deleted`,
    );
    return result.deleted ? EXIT.done : EXIT.partly;
  },
};

function bucketOf(call: CliCall): string {
  const address = s3Address(call.args[0] ?? "");
  if (address.Key === "") return address.Bucket;
  throw new UsageError(
    `expected a bucket, s3://bucket, got "${printable(call.args[0] ?? "")}"`,
  );
}

/** The verbs. */
export const OBJECT_VERBS: readonly CliVerb[] = [
  LS,
  CAT,
  STAT,
  RM,
  PRESIGN,
  MB,
  RB,
];
