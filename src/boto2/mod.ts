/**
 * S3 in the manner of boto 2, so that old programs translate line by line:
 * `connectS3`, `getBucket`, `getKey`, `getContentsToFile`.
 *
 * @example Read an object
 * ```ts
 * import { connectS3 } from "@inia/aws/boto2";
 *
 * using connection = connectS3();
 * const bucket = await connection.getBucket("photos");
 * const key = await bucket.getKey("cat.txt");
 * console.log(await key?.getContentsAsString());
 * ```
 *
 * @module
 */
export {
  Bucket,
  Key,
  type KeyFacts,
  type KeyInput,
  Prefix,
  type UrlMethod,
} from "./bucket.ts";
export {
  connectS3,
  type ConnectS3Options,
  type GetBucketOptions,
  S3Connection,
} from "./connection.ts";
export {
  type ByteReader,
  type ByteWriter,
  type FileSource,
  type FileTarget,
  MemoryFile,
} from "./open_file.ts";
