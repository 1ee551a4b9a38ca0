/**
 * Makes calls of all kinds, leaves its session open and a body unread, and tells
 * when its work is done. It is to end then. Run by leaks_test.ts.
 *
 * @module
 */
import { runOver } from "../both_transports.ts";
import { CAT, s3At } from "./store.ts";

const [origin = "", name] = Deno.args;
runOver(name);
const { s3 } = s3At(origin, {
  maxConnections: 5,
  totalTimeoutMs: 60_000,
  retry: { mode: "adaptive" },
});
const { signal } = new AbortController();
await Promise.all(
  Array.from({ length: 5 }, () => s3.headObject(CAT, { signal })),
);
const whole = await s3.getObject(CAT, { signal });
await whole.Body.bytes();
await s3.getObject(CAT);
const half = await s3.getObject(CAT);
await half.Body.stream.getReader().read();
await s3.headObject({ ...CAT, Key: "refused" }).catch(() => {});
console.log("done");
