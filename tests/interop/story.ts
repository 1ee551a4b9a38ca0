/**
 * What a story is, and what telling one takes.
 *
 * @module
 */
import { assertRejects } from "@std/assert";
import { ServiceError, type Session, type SessionOptions } from "../../mod.ts";
import type { S3 } from "../../src/services/s3/mod.ts";

/** Servers that stories are told to. */
export type ServerName = "moto" | "swift";

/** One story. */
export interface Flow {
  /** Operation or function plus circumstance; the name of its folder. */
  readonly name: string;
  /** The service it is mostly about. */
  readonly service: "s3" | "sts";
  /** The operation it is mostly about. */
  readonly operation: string;
  /** The servers that can play their part in it. */
  readonly servers: readonly ServerName[];
  /** Tells it; throws where an answer is not as it should be. */
  readonly tell: (clients: Clients) => Promise<void>;
}

/** Who a story is told with. */
export interface Clients {
  /** The session, for clients with settings of their own. */
  readonly session: Session;
  /** What the session was made with, for sessions of the story's own. */
  readonly settings: SessionOptions;
  /** A client of the server. */
  readonly s3: S3;
  /** A bucket that is there, empty, for this story alone. */
  readonly bucket: string;
}

/** All servers. */
export const BOTH: readonly ServerName[] = ["moto", "swift"];

/** The bucket of a story. */
export function bucketOf({ name }: Flow): string {
  return `flow-${name.replaceAll("_", "-")}`;
}

/** A story about S3. */
export function s3Flow(
  name: string,
  operation: string,
  servers: readonly ServerName[],
  tell: Flow["tell"],
): Flow {
  return { name, service: "s3", operation, servers, tell };
}

/** The error that a call must end with. */
export async function refusal(call: Promise<unknown>): Promise<ServiceError> {
  return await assertRejects(() => call, ServiceError);
}
