/**
 * Uploads to a `LocalAws` from a page of another origin, in a Chromium without a
 * window: by presigned URLs and by forms, with and without a CORS configuration.
 * Ignored where no Chromium is installed.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import {
  GetObject,
  presignPost,
  PutObject,
  S3,
  UploadPart,
} from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { Chromium, Origin, type Page } from "../../tools/chromium.ts";

/** What a test works with. */
interface Fixture {
  readonly page: Page;
  /** Where the page comes from. */
  readonly origin: string;
  readonly local: LocalAws;
  readonly s3: S3;
}

const ignore = !await Chromium.isInstalled();
const Bucket = "photos";

function test(
  title: string,
  fn: (fixture: Fixture) => Promise<void>,
): void {
  const where = ignore ? " (no Chromium is installed)" : "";
  Deno.test({
    name: `a page in Chromium ${title}${where}`,
    ignore,
    fn: async () => {
      await using chromium = await Chromium.start();
      assert(chromium !== undefined);
      await using site = Origin.serve({ "/": "<!doctype html>" });
      await using local = await LocalAws.start();
      using session = new Session(local.clientConfig);
      const s3 = session.client(S3);
      await s3.createBucket({ Bucket });
      await fn({
        page: await chromium.open(site.url("/")),
        origin: new URL(site.url("/")).origin,
        local,
        s3,
      });
    },
  });
}

/** Lets pages of an origin read and write, and see ETags. */
async function allow(s3: S3, origin: string): Promise<void> {
  await s3.putBucketCors({
    Bucket,
    CORSConfiguration: {
      CORSRules: [{
        AllowedOrigins: [origin],
        AllowedMethods: ["GET", "PUT", "POST"],
        AllowedHeaders: ["content-type", "x-amz-*"],
        ExposeHeaders: ["ETag"],
      }],
    },
  });
}

/** Sends a request from the page; what it may read of the answer. */
async function send(
  page: Page,
  url: string,
  init: Readonly<Record<string, unknown>> = {},
): Promise<
  { readonly status: number; readonly etag: string; readonly text: string }
> {
  const found = await page.evaluate(
    `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(
      async (answer) => ({
        status: answer.status,
        etag: answer.headers.get("etag") ?? "hidden",
        text: await answer.text(),
      }))`,
  );
  return found as Awaited<ReturnType<typeof send>>;
}

test("uploads and reads by presigned URLs", async ({ page, origin, s3 }) => {
  await allow(s3, origin);
  const at = { Bucket, Key: "a b/cat ü.txt" };
  const put = await s3.presign(PutObject, {
    ...at,
    ContentType: "text/plain",
    Metadata: { from: "page" },
  });
  const get = await s3.presign(GetObject, at);

  const sent = await send(page, put.url, {
    method: put.method,
    headers: put.headers,
    body: "miaow",
  });
  const read = await send(page, get.url);

  assertEquals([sent.status, sent.text], [200, ""]);
  assertEquals(read, { status: 200, etag: sent.etag, text: "miaow" });
  const head = await s3.headObject(at);
  assertEquals(head.ETag, sent.etag);
  assertEquals(head.Metadata, { from: "page" });
});

test("uploads parts by presigned URLs", async ({ page, origin, s3 }) => {
  await allow(s3, origin);
  const at = { Bucket, Key: "parts" };
  const { UploadId = "" } = await s3.createMultipartUpload(at);
  const part = await s3.presign(UploadPart, {
    ...at,
    UploadId,
    PartNumber: 1,
  });

  const { etag: ETag } = await send(page, part.url, {
    method: part.method,
    body: "the only part",
  });
  await s3.completeMultipartUpload({
    ...at,
    UploadId,
    MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
  });

  const { Body } = await s3.getObject(at);
  assertEquals(await Body.text(), "the only part");
});

test("is refused where the bucket has no CORS configuration", async ({ page, origin, local, s3 }) => {
  const at = { Bucket, Key: "never" };
  const { url, method } = await s3.presign(PutObject, at);

  await assertRejects(
    () => send(page, url, { method, body: "miaow" }),
    Error,
    "Failed to fetch",
  );

  const [preflight, ...more] = local.requests().slice(1);
  assertEquals(
    [preflight?.method, preflight?.status, preflight?.code],
    ["OPTIONS", 403, "AccessForbidden"],
  );
  assertEquals(preflight?.headers["origin"], origin);
  assertEquals(more, []);
});

test("is refused what the CORS configuration does not allow", async ({ page, origin, local, s3 }) => {
  await allow(s3, origin);
  const at = { Bucket, Key: "never" };
  const { url } = await s3.presign(PutObject, at);
  const known = local.requests().length;

  for (
    const init of [
      { method: "DELETE" },
      { method: "PUT", headers: { "x-other": "1" } },
    ]
  ) {
    await assertRejects(() => send(page, url, init), Error, "Failed to fetch");
  }
  await allow(s3, "https://elsewhere.example");
  await assertRejects(
    () => send(page, url, { method: "PUT", body: "miaow" }),
    Error,
    "Failed to fetch",
  );

  assertEquals(
    local.requests().slice(known).map(({ method, status, operation }) => [
      method === "OPTIONS" ? method : operation,
      status,
    ]),
    [
      ["OPTIONS", 403],
      ["OPTIONS", 403],
      ["PutBucketCors", 200],
      ["OPTIONS", 403],
    ],
  );
});

test("reads why a request was refused", async ({ page, origin, s3 }) => {
  await allow(s3, origin);
  const { url } = await s3.presign(GetObject, { Bucket, Key: "missing" });

  const { status, text } = await send(page, url);

  assertEquals(status, 404);
  assert(text.includes("<Code>NoSuchKey</Code>"), text);
});

test("uploads by a form that it sends itself", async ({ page, origin, s3 }) => {
  await allow(s3, origin);
  const { url, fields } = await presignPost(s3, {
    Bucket,
    Key: "incoming/${filename}",
    Fields: { success_action_status: "201" },
    Conditions: [
      ["content-length-range", 1, 10],
      { success_action_status: "201" },
    ],
  });
  const post = (text: string): string =>
    `(() => {
    const form = new FormData();
    for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
      form.set(name, value);
    }
    form.set("file", new Blob(["${text}"]), "cat.txt");
    return fetch("${url}", { method: "POST", body: form }).then(
      async (answer) => [answer.status, await answer.text()]);
  })()`;

  const [status, text] = await page.evaluate(post("miaow")) as unknown[];
  const [tooLarge, why] = await page.evaluate(
    post("miaow miaow miaow"),
  ) as unknown[];

  assertEquals(status, 201);
  assert(String(text).includes("<Key>incoming/cat.txt</Key>"));
  assertEquals(tooLarge, 400);
  assert(String(why).includes("<Code>EntityTooLarge</Code>"));
  const { Body } = await s3.getObject({ Bucket, Key: "incoming/cat.txt" });
  assertEquals(await Body.text(), "miaow");
});

test("uploads by an HTML form and comes back, without CORS", async ({ page, origin, s3 }) => {
  const back = `${origin}/?done`;
  const { url, fields } = await presignPost(s3, {
    Bucket,
    Key: "incoming/${filename}",
    Fields: { success_action_redirect: back },
    Conditions: [{ success_action_redirect: back }],
  });

  const place = await page.evaluate(`new Promise((resolve) => {
    document.body.innerHTML = "<iframe name=answer></iframe>" +
      "<form method=post enctype=multipart/form-data target=answer></form>";
    const form = document.querySelector("form");
    form.action = ${JSON.stringify(url)};
    const add = (type, name) => {
      const input = document.createElement("input");
      return form.appendChild(Object.assign(input, { type, name }));
    };
    for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
      add("hidden", name).value = value;
    }
    const chosen = new DataTransfer();
    chosen.items.add(new File(["miaow"], "cat ü.txt", { type: "text/plain" }));
    add("file", "file").files = chosen.files;
    const frame = document.querySelector("iframe");
    frame.addEventListener("load", () => {
      const { href } = frame.contentWindow.location;
      if (href !== "about:blank") resolve(href);
    });
    form.submit();
  })`);

  const answer = new URL(String(place));
  assertEquals(answer.origin, origin);
  assertEquals(answer.searchParams.get("bucket"), Bucket);
  assertEquals(answer.searchParams.get("key"), "incoming/cat ü.txt");
  const { Body, ETag } = await s3.getObject({
    Bucket,
    Key: "incoming/cat ü.txt",
  });
  assertEquals(await Body.text(), "miaow");
  assertEquals(answer.searchParams.get("etag"), ETag);
});
