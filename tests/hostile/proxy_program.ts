/**
 * Makes one call to the endpoint given as argument, by way of what the
 * environment says of proxies. Run by connections_test.ts.
 *
 * @module
 */
import { S3 } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { CAT, KEYS } from "./store.ts";

const [endpointUrl = ""] = Deno.args;
using session = new Session({
  system: new FakeSystem(),
  region: "us-east-1",
  endpointUrl,
  credentials: KEYS,
});
await session.client(S3).headObject(CAT);
