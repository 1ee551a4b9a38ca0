import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Answer, LocalClient, USER } from "./local_client.ts";

const ROLE = {
  Action: "AssumeRole",
  RoleArn: "arn:aws:iam::210987654321:role/path/demo",
  RoleSessionName: "me",
};

Deno.test("LocalAws tells who calls", async () => {
  const client = new LocalClient();

  const { status, text } = await client.sts({ Action: "GetCallerIdentity" });

  assertEquals(status, 200);
  assertStringIncludes(
    text,
    "<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/local</Arn><UserId>AIDA0000000000000001</UserId><Account>123456789012</Account></GetCallerIdentityResult>",
  );
});

Deno.test("LocalAws gives out a role's key that works until it ends", async () => {
  const client = new LocalClient();
  use(client, await client.sts({ ...ROLE, DurationSeconds: "900" }));

  const identity = await client.sts({ Action: "GetCallerIdentity" });
  const list = await client.send("GET", "/");
  client.clock.advance(900_000);
  const late = await client.send("GET", "/");
  const lateIdentity = await client.sts({ Action: "GetCallerIdentity" });

  assertStringIncludes(
    identity.text,
    "<Arn>arn:aws:sts::210987654321:assumed-role/demo/me</Arn>",
  );
  assertEquals(list.status, 200);
  assertEquals([late.status, late.code], [400, "ExpiredToken"]);
  assertEquals([lateIdentity.status, lateIdentity.code], [403, "ExpiredToken"]);
});

Deno.test("LocalAws wants the token of a temporary key", async () => {
  const client = new LocalClient();
  use(client, await client.sts(ROLE));
  const { sessionToken: _, ...bare } = client.credentials;

  client.credentials = { ...bare, sessionToken: "other" };
  const other = await client.send("GET", "/");
  client.credentials = bare;
  const none = await client.send("GET", "/");

  assertEquals(other.code, "InvalidToken");
  assertEquals(none.code, "InvalidAccessKeyId");
});

Deno.test("LocalAws keeps the buckets of accounts apart", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  use(client, await client.sts(ROLE));

  const list = await client.send("GET", "/photos");
  const make = await client.send("PUT", "/photos");

  assertEquals([list.status, list.code], [403, "AccessDenied"]);
  assertEquals([make.status, make.code], [409, "BucketAlreadyExists"]);
});

Deno.test("LocalAws gives out session tokens, but not for one", async () => {
  const client = new LocalClient();
  use(client, await client.sts({ Action: "GetSessionToken" }));

  const list = await client.send("GET", "/");
  const again = await client.sts({ Action: "GetSessionToken" });

  assertEquals(list.status, 200);
  assertEquals([again.status, again.code], [403, "AccessDenied"]);
});

Deno.test("LocalAws gives out keys of a federated user, but not for temporary ones", async () => {
  const client = new LocalClient();
  const ask = { Action: "GetFederationToken", Name: "ann" };

  const given = await client.sts({ ...ask, DurationSeconds: "900" });
  const nameless = await client.sts({ ...ask, Name: "a b" });
  const short = await client.sts({ ...ask, DurationSeconds: "899" });
  use(client, given);
  const identity = await client.sts({ Action: "GetCallerIdentity" });
  const list = await client.send("GET", "/");
  const again = await client.sts(ask);
  client.clock.advance(900_000);
  const late = await client.send("GET", "/");

  assertStringIncludes(
    given.text,
    "<FederatedUser><FederatedUserId>123456789012:ann</FederatedUserId><Arn>arn:aws:sts::123456789012:federated-user/ann</Arn></FederatedUser>",
  );
  assertStringIncludes(
    given.text,
    "<Expiration>2026-11-22T10:15:00Z</Expiration>",
  );
  assertStringIncludes(
    identity.text,
    "<Arn>arn:aws:sts::123456789012:federated-user/ann</Arn>",
  );
  assertEquals([nameless.code, short.code], Array(2).fill("ValidationError"));
  assertEquals([list.status, late.code], [200, "ExpiredToken"]);
  assertEquals([again.status, again.code], [403, "AccessDenied"]);
});

Deno.test("LocalAws tells the account of a key, also of a temporary one", async () => {
  const client = new LocalClient({
    credentials: [
      USER,
      {
        accessKeyId: "AKIATWO0000000000000",
        secretAccessKey: "two",
        account: "222222222222",
      },
    ],
  });
  const ask = (AccessKeyId: string) =>
    client.sts({ Action: "GetAccessKeyInfo", AccessKeyId });
  const account = async (id: string) =>
    /<Account>(\d+)</.exec((await ask(id)).text)?.[1];

  assertEquals(await account(USER.accessKeyId), "123456789012");
  assertEquals(await account("AKIATWO0000000000000"), "222222222222");
  assertEquals((await ask("AKIAUNKNOWN000000000")).code, "AccessDenied");
  assertEquals((await ask("short")).code, "ValidationError");
  use(client, await client.sts(ROLE));
  assertEquals(await account(client.credentials.accessKeyId), "210987654321");
});

Deno.test("LocalAws assumes a role with a web identity, unsigned", async () => {
  const client = new LocalClient();
  const ask = (token: string) =>
    client.sendRaw({
      method: "POST",
      origin: "http://localhost",
      path: "/",
      query: [],
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new TextEncoder().encode(
        String(
          new URLSearchParams({
            ...ROLE,
            Action: "AssumeRoleWithWebIdentity",
            WebIdentityToken: token,
          }),
        ),
      ),
    });
  const jwt = (claims: unknown) =>
    `e30.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.x`;

  const good = await ask(jwt({ sub: "ann" }));
  const expired = await ask(jwt({ sub: "ann", exp: 1 }));
  const none = await ask("token");

  assertStringIncludes(
    good.text,
    "<SubjectFromWebIdentityToken>ann</SubjectFromWebIdentityToken>",
  );
  assertEquals(expired.code, "ExpiredToken");
  assertEquals([none.status, none.code], [400, "InvalidIdentityToken"]);
});

Deno.test("LocalAws names errors as STS does", async () => {
  const client = new LocalClient();
  const code = async (params: Record<string, string>) =>
    (await client.sts(params)).code;

  assertEquals(
    await code({ Action: "DecodeAuthorizationMessage" }),
    "InvalidAction",
  );
  assertEquals(await code({ ...ROLE, RoleArn: "demo" }), "ValidationError");
  assertEquals(
    await code({ ...ROLE, RoleSessionName: "a b" }),
    "ValidationError",
  );
  assertEquals(
    await code({ ...ROLE, DurationSeconds: "899" }),
    "ValidationError",
  );
  client.region = "eu-west-1";
  assertEquals(await code(ROLE), "SignatureDoesNotMatch");
  client.region = "us-east-1";
  client.credentials = { ...client.credentials, accessKeyId: "AKIAUNKNOWN" };
  assertEquals(await code(ROLE), "InvalidClientTokenId");
});

/** Makes a client use the credentials in an answer. */
function use(client: LocalClient, { text }: Answer): void {
  const read = (name: string): string =>
    new RegExp(`<${name}>(.*?)</${name}>`).exec(text)?.[1] ?? "";
  client.credentials = {
    accessKeyId: read("AccessKeyId"),
    secretAccessKey: read("SecretAccessKey"),
    sessionToken: read("SessionToken"),
  };
}
