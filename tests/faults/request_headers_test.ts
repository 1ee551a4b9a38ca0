import { assert, assertEquals } from "@std/assert";
import { Session, type SessionOptions, type Transport } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";

const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };

Deno.test("every attempt, the first too, tells how many attempts there are at most", async () => {
  const cases = [
    [undefined, 3],
    ["adaptive", 3],
    ["legacy", 5],
    [{ maxAttempts: 4 }, 4],
    [{ constants: "2026" }, 3],
  ] as const;
  for (const [retry, max] of cases) {
    const sent = await headersOf({ ...retry && { retry } }, [503, 200]);

    assertEquals(sent.map((headers) => headers["amz-sdk-request"]), [
      `attempt=1; max=${max}`,
      `attempt=2; max=${max}`,
    ]);
  }
});

Deno.test("AWS_SDK_UA_APP_ID, else sdk_ua_app_id of the profile, names the application in the user agent", async () => {
  const config = "[default]\nsdk_ua_app_id = from-profile\n";
  const cases = [
    [{}, "", undefined],
    [{}, config, "from-profile"],
    [{ AWS_SDK_UA_APP_ID: "shop" }, config, "shop"],
    [{ AWS_SDK_UA_APP_ID: "my shop/2 ü#1" }, "", "my-shop-2--#1"],
    [{ AWS_SDK_UA_APP_ID: "" }, config, undefined],
  ] as const;
  for (const [env, text, app] of cases) {
    const system = new FakeSystem({
      env: { HOME: "/home/ann", ...env },
      files: { "/home/ann/.aws/config": text },
    });

    const [headers] = await headersOf({ system }, [200]);

    const agent = headers?.["user-agent"] ?? "";
    assert(agent.startsWith("inia/"));
    assertEquals(/ app\/(.*)$/.exec(agent)?.[1], app);
  }
});

async function headersOf(
  options: SessionOptions,
  statuses: readonly number[],
): Promise<readonly Readonly<Record<string, string>>[]> {
  const sent: Readonly<Record<string, string>>[] = [];
  const transport: Transport = {
    send: ({ headers }) => {
      const status = statuses[sent.push(headers) - 1] ?? 200;
      return Promise.resolve({ status, headers: {}, body: null });
    },
    [Symbol.dispose]: () => {},
  };
  const session = new Session({
    credentials,
    region: "eu-west-1",
    clock: new FixedClock("2030-01-01T00:00:00Z"),
    system: new FakeSystem(),
    ...options,
    transport,
  });
  await session.client(S3).headBucket({ Bucket: "photos" });
  return sent;
}
