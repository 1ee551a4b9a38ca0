/**
 * The program of the figures about a start: reads one object of 1 KiB by class
 * `S3`, with keys and endpoint in code.
 *
 * Arguments: the server's URL.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

const s3 = new Session({
  region: "us-east-1",
  endpointUrl: Deno.args[0] ?? "",
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
}).client(S3);

/** Reads the object. */
export async function read(): Promise<void> {
  const { Body } = await s3.getObject({ Bucket: "bkt", Key: "small" });
  const { length } = await Body.text();
  if (length !== 1_024) throw new Error(`got ${length} bytes`);
}

if (import.meta.main) await read();
