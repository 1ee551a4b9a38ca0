import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN = "T0KEN/OF+THE=SESSION";

Deno.test("an error says what to do, also where it is printed, and says it once", async () => {
  const local = new LocalAws();
  using session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
    system: new FakeSystem(),
  });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: "photos" });

  const error = await assertRejects(
    () => s3.getObject({ Bucket: "photos", Key: "/cat.txt" }),
    ServiceError,
  );

  assertEquals(
    error.advice,
    'Keys rarely begin with "/": leave the first slash out.',
  );
  const advice = error.advice ?? "";
  assert(!error.message.includes(advice), error.message);
  assertEquals(Deno.inspect(error).split("leave the first slash").length, 2);
});

Deno.test("the hint of a message is the advice, where there is one", async () => {
  const error = await refused(403, "", "HEAD");

  assert(error.message.endsWith(error.advice ?? "?"), error.message);
  assertEquals(error.detail.advice, undefined);
});

Deno.test("an expired token names profile and source, and no secret", async () => {
  const error = await refused(
    400,
    `<Error><Code>ExpiredToken</Code><Message>The token ${TOKEN} has expired</Message><Token-0>${TOKEN}</Token-0></Error>`,
  );

  assertEquals(
    error.advice,
    'The session token has expired: get new ones at their source, "shared-credentials-file" of profile "dev".',
  );
  const shown = Deno.inspect(error);
  assert(!shown.includes(TOKEN) && !shown.includes(SECRET), shown);
});

/** What a call of a profile is refused with. */
async function refused(
  status: number,
  body: string,
  method: "GET" | "HEAD" = "GET",
): Promise<ServiceError> {
  using session = new Session({
    profile: "dev",
    region: "eu-west-1",
    random: () => 0,
    system: new FakeSystem({
      env: { HOME: "/home/ann" },
      files: {
        "/home/ann/.aws/credentials":
          `[dev]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = ${SECRET}\naws_session_token = ${TOKEN}\n`,
      },
    }),
    transport: {
      send: () =>
        Promise.resolve({
          status,
          headers: {},
          body: {
            open: () => new Blob([body]).stream(),
            bytes: () => new Response(body).bytes(),
            cancel: () => Promise.resolve(),
          },
        }),
      [Symbol.dispose]: () => {},
    },
  });
  const s3 = session.client(S3);
  const object = { Bucket: "photos", Key: "cat.txt" };
  return await assertRejects(
    () => method === "HEAD" ? s3.headObject(object) : s3.getObject(object),
    ServiceError,
  );
}
