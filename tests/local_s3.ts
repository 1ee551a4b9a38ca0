/**
 * A client of an S3 in memory, with files in memory.
 *
 * @module
 */
import { Session } from "../mod.ts";
import { S3 } from "../src/services/s3/mod.ts";
import { FakeSystem, LocalAws } from "../src/testing/mod.ts";

/** A client, its session and its files. */
export interface LocalS3 {
  readonly s3: S3;
  readonly session: Session;
  readonly system: FakeSystem;
}

/** Makes an S3 without buckets; `files` are those of the machine. */
export function localS3(
  files: Readonly<Record<string, string>> = {},
): LocalS3 {
  const local = new LocalAws();
  const system = new FakeSystem({ files });
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
    system,
  });
  return { s3: session.client(S3), session, system };
}
