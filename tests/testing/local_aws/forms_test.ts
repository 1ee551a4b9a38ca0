import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ServiceError, Session } from "../../../mod.ts";
import {
  type PostCondition,
  presignPost,
  S3,
} from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/mod.ts";
import { LocalClient } from "./local_client.ts";

const Bucket = "photos";

/** Fills a form in. */
interface Filled {
  readonly Key?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly conditions?: readonly PostCondition[];
  /** Fields that the browser adds or changes. */
  readonly changed?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly fileName?: string;
}

Deno.test("LocalAws takes the file of a form, and answers as the form asks", async () => {
  await using local = await LocalAws.start();
  const s3 = await withBucket(local);

  const plain = await send(s3, { Key: "d/${filename}", fileName: "x/a b.txt" });
  const created = await send(s3, {
    Key: "k",
    fields: { success_action_status: "201", "Content-Type": "text/plain" },
    conditions: [["starts-with", "$Content-Type", "text/"], {
      success_action_status: "201",
    }],
  });
  const moved = await send(s3, {
    Key: "moved",
    fields: { success_action_redirect: "http://127.0.0.1:1/done" },
    conditions: [{ success_action_redirect: "http://127.0.0.1:1/done" }],
  });

  assertEquals(plain.status, 204);
  assertEquals(created.status, 201);
  assertStringIncludes(created.text, "<PostResponse>");
  assertStringIncludes(created.text, "<Key>k</Key>");
  assertEquals(moved.status, 303);
  assertStringIncludes(moved.location, "http://127.0.0.1:1/done?bucket=photos");
  const named = await s3.getObject({ Bucket, Key: "d/a b.txt" });
  const typed = await s3.getObject({ Bucket, Key: "k" });
  assertEquals(await named.Body.text(), "miaow");
  assertEquals(typed.ContentType, "text/plain");
  await typed.Body.cancel();
});

Deno.test("LocalAws holds a form to its policy", async () => {
  await using local = await LocalAws.start();
  const s3 = await withBucket(local);
  const conditions: PostCondition[] = [
    ["content-length-range", 2, 10],
    ["eq", "$acl", "private"],
    ["starts-with", "$x-amz-meta-a", "b"],
  ];
  const fields = { acl: "private", "x-amz-meta-a": "bc" };
  const code = async (filled: Filled): Promise<string> => {
    const { status, text } = await send(s3, { conditions, fields, ...filled });
    return /<Code>(.*?)</.exec(text)?.[1] ?? String(status);
  };

  assertEquals(await code({}), "204");
  assertEquals(await code({ changed: { acl: "public-read" } }), "AccessDenied");
  assertEquals(
    await code({ changed: { "x-amz-meta-a": "c" } }),
    "AccessDenied",
  );
  assertEquals(
    await code({ changed: { "x-amz-meta-b": "c" } }),
    "AccessDenied",
  );
  assertEquals(await code({ changed: { "x-ignore-b": "c" } }), "204");
  assertEquals(await code({ changed: { key: "other" } }), "AccessDenied");
  assertEquals(await code({ file: "1" }), "EntityTooSmall");
  assertEquals(await code({ file: "12345678901" }), "EntityTooLarge");
  assertEquals(
    await code({ changed: { "x-amz-signature": "0".repeat(64) } }),
    "SignatureDoesNotMatch",
  );
});

Deno.test("LocalAws refuses a form whose policy has ended", async () => {
  await using local = await LocalAws.start();
  const s3 = await withBucket(local);
  const filled = await fill(s3, {});
  local.advance(3_601_000);

  const { status, text } = await post(filled);

  assertEquals(status, 403);
  assertStringIncludes(text, "Policy expired");
});

Deno.test("LocalAws takes a form without a policy where everyone may write", async () => {
  await using local = await LocalAws.start();
  const s3 = await withBucket(local);
  const form = new FormData();
  form.set("key", "k");
  form.set("file", new Blob(["miaow"]), "a");
  const url = `${local.endpointUrl}/photos`;

  const before = await post({ url, form });
  await s3.putBucketAcl({ Bucket, ACL: "public-read-write" });
  const after = await post({ url, form });

  assertEquals([before.status, after.status], [403, 204]);
});

Deno.test("LocalAws answers preflights by the rules of a bucket", async () => {
  await using local = await LocalAws.start();
  const s3 = await withBucket(local);
  const preflight = async (
    origin: string,
    method: string,
    headers = "",
  ): Promise<readonly [number, string | null]> => {
    const response = await fetch(`${local.endpointUrl}/photos/k`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": method,
        ...headers === "" ? {} : { "access-control-request-headers": headers },
      },
    });
    await response.body?.cancel();
    return [
      response.status,
      response.headers.get("access-control-allow-origin"),
    ];
  };
  const origin = "https://a.example.com";
  assertEquals(await preflight(origin, "PUT"), [403, null]);
  await s3.putBucketCors({
    Bucket,
    CORSConfiguration: {
      CORSRules: [{
        AllowedOrigins: ["https://*.example.com"],
        AllowedMethods: ["PUT", "GET"],
        AllowedHeaders: ["x-amz-*"],
        ExposeHeaders: ["ETag"],
        MaxAgeSeconds: 0,
      }],
    },
  });

  assertEquals(await preflight(origin, "PUT"), [200, origin]);
  assertEquals(await preflight(origin, "PUT", "X-Amz-Date"), [200, origin]);
  assertEquals(await preflight(origin, "PUT", "x-other"), [403, null]);
  assertEquals(await preflight(origin, "DELETE"), [403, null]);
  assertEquals(await preflight("http://a.example.com", "PUT"), [403, null]);
  const get = await fetch(`${local.endpointUrl}/photos/k`, {
    headers: { origin },
  });
  await get.body?.cancel();
  assertEquals(get.status, 403);
  assertEquals(get.headers.get("access-control-allow-origin"), origin);
  assertEquals(get.headers.get("access-control-expose-headers"), "ETag");
});

Deno.test("LocalAws refuses CORS rules that S3 does not take", async () => {
  using local = new LocalAws();
  const s3 = await withBucket(local);
  const rule = { AllowedOrigins: ["*"], AllowedMethods: ["GET"] };

  for (
    const [wrong, message] of [
      [{ AllowedMethods: ["PATCH"] }, "Unsupported method is PATCH"],
      [{ AllowedOrigins: ["*.*"] }, '"*.*" can not have more than one'],
      [{ ExposeHeaders: ["ETag", "x-amz-*"] }, '"x-amz-*" contains wildcard'],
    ] as const
  ) {
    const CORSRules = [{ ...rule, ...wrong }] as const;
    const error = await assertRejects(
      () => s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } }),
      ServiceError,
      message,
    );
    assertEquals([error.code, error.status], ["InvalidRequest", 400]);
  }
});

async function withBucket(local: LocalAws): Promise<S3> {
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
  });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket });
  return s3;
}

async function fill(
  s3: S3,
  {
    Key = "k",
    fields = {},
    conditions = [],
    changed = {},
    file = "miaow",
    fileName = "a",
  }: Filled,
): Promise<{ readonly url: string; readonly form: FormData }> {
  const { url, fields: signed } = await presignPost(s3, {
    Bucket,
    Key,
    Fields: fields,
    Conditions: conditions,
  });
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...signed, ...changed })) {
    form.set(name, value);
  }
  form.set("file", new Blob([file]), fileName);
  return { url, form };
}

async function post(
  { url, form }: { readonly url: string; readonly form: FormData },
): Promise<
  { readonly status: number; readonly text: string; readonly location: string }
> {
  const response = await fetch(url, {
    method: "POST",
    body: form,
    redirect: "manual",
  });
  const text = await response.text();
  const location = response.headers.get("location") ?? "";
  return { status: response.status, text, location };
}

async function send(s3: S3, filled: Filled): ReturnType<typeof post> {
  return await post(await fill(s3, filled));
}

Deno.test("LocalAws tells where an object is by the host that was asked", async () => {
  const client = new LocalClient();
  const grant = { "x-amz-acl": "public-read-write" };
  await client.send("PUT", "/photos", { headers: grant });
  const body = [
    ...["--b", 'content-disposition: form-data; name="key"', "", "k"],
    ...["--b", 'content-disposition: form-data; name="file"', "", "miaow"],
    "--b--",
  ].join("\r\n");
  const locationAt = async (host: string, path: string) => {
    const { headers } = await client.sendRaw({
      method: "POST",
      origin: `http://${host}`,
      path,
      query: [],
      headers: { host, "content-type": "multipart/form-data; boundary=b" },
      body: new TextEncoder().encode(body),
    });
    return headers["location"];
  };

  assertEquals(
    [
      await locationAt("localhost", "/photos"),
      await locationAt("photos.localhost", "/"),
    ],
    ["http://localhost/photos/k", "http://photos.localhost/k"],
  );
});

Deno.test("LocalAws reads the references in the tags of a form", async () => {
  await using local = await LocalAws.start();
  const s3 = await withBucket(local);
  const tag = "<Tag><Key>a&lt;b</Key><Value>x &#38; &amp;lt;</Value></Tag>";
  const tagging = `<Tagging><TagSet>${tag}</TagSet></Tagging>`;

  const { status } = await send(s3, {
    Key: "k",
    fields: { tagging },
    conditions: [{ tagging }],
  });

  assertEquals(status, 204);
  const { TagSet } = await s3.getObjectTagging({ Bucket, Key: "k" });
  assertEquals(TagSet, [{ Key: "a<b", Value: "x & &lt;" }]);
});
