/**
 * Leaves the body of an object unread. Run by unread_body_test.ts.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";

const [endpointUrl = "", transport = ""] = Deno.args;
const session = new Session({
  transport: transport === "socket" ? "socket" : "fetch",
  system: new FakeSystem(),
  // Timers run ten times as fast.
  clock: {
    now: () => new Date(),
    sleep: () => Promise.resolve(),
    timer: (ms, fn) => {
      const id = setTimeout(fn, ms / 10);
      return { [Symbol.dispose]: () => clearTimeout(id) };
    },
  },
  region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  endpointUrl,
  proxy: false,
});
await session.client(S3).getObject({ Bucket: "photos", Key: "cat" });
console.log("read the head");
