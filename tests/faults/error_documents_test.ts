/**
 * Error documents of any size and form, also inside a success.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { ServiceError } from "../../mod.ts";
import { answering, rejection } from "./answering.ts";

const CAT = { Bucket: "photos", Key: "cat.txt" };
const COPY = { ...CAT, CopySource: "photos/dog.txt" };
const ONCE = { retry: { maxAttempts: 1 } } as const;

/** A reader that is not linear takes five times as long on a quiet machine. */
const LONGEST_MS = 15_000;

/** An error with many elements of one name. */
function errorOf(element: string, count: number): string {
  return `<Error><Code>Big</Code>${element.repeat(count)}</Error>`;
}

for (const element of ["<a/>", "<a></a>", "<a>x</a>", "<a><b/></a>"]) {
  for (const count of [1_000, 80_000]) {
    Deno.test(`an error of ${count} times ${element} is read in no time`, async () => {
      const body = errorOf(element, count);
      for (const status of [200, 400, 500]) {
        const { s3 } = answering([{ status, body }], ONCE);
        const start = performance.now();

        const error = await rejection(s3.copyObject(COPY));

        assert(error instanceof ServiceError);
        assertEquals(error.status, status === 200 ? 500 : status);
        assertLess(performance.now() - start, LONGEST_MS);
      }
    });
  }
}

Deno.test("elements that repeat a name are a list, in their order", async () => {
  const body =
    "<Error><Code>X</Code><Key>1</Key><Key>2</Key><Other>o</Other><Key><Deep>3</Deep></Key></Error>";
  const { s3 } = answering([{ status: 400, body }], ONCE);

  const error = await rejection(s3.getObject(CAT));

  assert(error instanceof ServiceError);
  assertEquals(error.detail.fields, {
    Key: ["1", "2", { Deep: "3" }],
    Other: "o",
  });
});

for (
  const [what, before] of [
    ["nothing", ""],
    ["white space", " \n".repeat(50_000)],
    ["a byte-order mark", "\uFEFF"],
    ["a declaration", '<?xml version="1.0" encoding="UTF-8"?>\n\n  '],
    ["a comment", "<!-- a > b - c -->"],
  ]
) {
  Deno.test(`an error inside a success is found behind ${what}`, async () => {
    const body = `${before}<Error><Code>SlowDown</Code><Message>no</Message>`;
    for (const root of ["Error", "e:Error", "ErrorResponse"]) {
      const document = root === "Error"
        ? `${body}</Error>`
        : root === "e:Error"
        ? `${before}<e:Error xmlns:e="u"><e:Code>SlowDown</e:Code></e:Error>`
        : `${before}<ErrorResponse><Error><Code>SlowDown</Code></Error></ErrorResponse>`;
      const { s3 } = answering([document], ONCE);

      const error = await rejection(s3.copyObject(COPY));

      assert(error instanceof ServiceError);
      assertEquals([error.code, error.status], ["SlowDown", 500], root);
    }
  });
}

Deno.test("of a long error inside a success only the start is read", async () => {
  const long = errorOf("<a>x</a>", 100_000);
  const { s3, sts } = answering([long], ONCE);

  for (
    const call of [
      () => s3.copyObject(COPY),
      () => s3.listObjectsV2({ Bucket: "photos" }),
      () => sts.getCallerIdentity({}),
    ]
  ) {
    const error = await rejection(call());

    assert(error instanceof ServiceError, `${error}`);
    assertEquals([error.code, error.status], ["500", 500]);
    assertEquals(error.detail.fields, {});
  }
});

Deno.test("an error of STS inside a success is an error", async () => {
  for (
    const body of [
      "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
      "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r1</RequestId></ErrorResponse>",
    ]
  ) {
    const { sts } = answering([body], ONCE);

    const error = await rejection(sts.getCallerIdentity({}));

    assert(error instanceof ServiceError, `${error}`);
    assertEquals([error.code, error.reason], ["AccessDenied", "no"]);
  }
});

Deno.test("ids in the body of an error are told, where no field has them", async () => {
  const s3Error =
    "<Error><Code>X</Code><RequestId>r1</RequestId><HostId>h1</HostId></Error>";
  const queryError =
    "<ErrorResponse><Error><Code>X</Code></Error><RequestId>r1</RequestId></ErrorResponse>";
  for (const status of [200, 403]) {
    const { s3 } = answering([{ status, body: s3Error }], ONCE);
    const error = await rejection(s3.copyObject(COPY));
    assert(error instanceof ServiceError);
    assertEquals(error.ResponseMetadata?.RequestId, "r1");
    assertEquals(error.ResponseMetadata?.HostId, "h1");
    assertEquals(error.ResponseMetadata?.Attempts[0]?.requestId, "r1");

    const { sts } = answering([{ status, body: queryError }], ONCE);
    const refused = await rejection(sts.getCallerIdentity({}));
    assert(refused instanceof ServiceError);
    assertEquals(refused.ResponseMetadata?.RequestId, "r1");
  }
});

Deno.test("an id in a header field goes before that in the body", async () => {
  const { s3 } = answering([{
    status: 403,
    headers: { "x-amz-request-id": "field" },
    body: "<Error><Code>X</Code><RequestId>body</RequestId></Error>",
  }], ONCE);

  const error = await rejection(s3.getObject(CAT));

  assert(error instanceof ServiceError);
  assertEquals(error.ResponseMetadata?.RequestId, "field");
});
