/**
 * Makes one call to each endpoint given as argument, by way of what the
 * environment says of proxies. Run by connections_test.ts.
 *
 * @module
 */
import { S3 } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { runOver, transportName } from "../both_transports.ts";
import { CAT, KEYS } from "./store.ts";

const [name, ...endpoints] = Deno.args;
runOver(name);
using session = new Session({
  system: new FakeSystem(),
  region: "us-east-1",
  transport: transportName(),
  credentials: KEYS,
});
for (const endpointUrl of endpoints) {
  await session.client(S3, { endpointUrl }).headObject(CAT);
}
