/**
 * A radosgw of Ceph that runs already: it takes a cluster, so it is not started
 * here. `INIA_RGW` names its endpoint, `INIA_RGW_KEYS` an access key id and its
 * secret with a colon between.
 *
 * @module
 */
import type { Missing, Server } from "./server.ts";

/**
 * What radosgw does otherwise than the flows expect, by the bucket of the flow or
 * the title of the test. Seen with 16.2.15; boto3 meets the same.
 */
export const RADOSGW_DIFFERENCES: ReadonlyMap<string, string> = new Map([
  [
    "flow-bucket-location",
    "it names its own zone group as the location, not a region",
  ],
  [
    "flow-list-objects-first-version",
    "it does not encode NextMarker where all else is url-encoded, so that a page is asked for again and again",
  ],
  [
    "flow-multipart-upload-aborted",
    "it says NoSuchKey of an upload that is gone",
  ],
  [
    "flow-signature-does-not-match",
    "it says AccessDenied of a wrong secret key",
  ],
  ["keys of every kind", "it answers 500 to some keys"],
]);

/** Finds the radosgw that is named, if one is. */
export function findRadosgw(): Missing | Server {
  const endpoint = variable("INIA_RGW");
  const [accessKeyId, secretAccessKey] = variable("INIA_RGW_KEYS")
    ?.split(":") ?? [];
  if (!endpoint || !accessKeyId || !secretAccessKey) {
    return {
      name: "radosgw",
      missing: "its endpoint in INIA_RGW and id:secret in INIA_RGW_KEYS",
    };
  }
  return {
    name: "radosgw",
    endpoint,
    accessKeyId,
    secretAccessKey,
    stop: () => Promise.resolve(),
  };
}

function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
