import { assertEquals, assertRejects } from "@std/assert";
import { ProtocolError, ServiceError } from "../../src/foundation/errors.ts";
import type { Member } from "../../src/ports/schema.ts";
import { queryProtocol } from "../../src/protocol/query.ts";
import { operation, responseOf, structure } from "./tables.ts";

const query = queryProtocol("2011-06-15");

const Strings: Member["of"] = () => ({ kind: "list", item: { of: "string" } });
const Named: Member["of"] = () => ({
  kind: "list",
  item: { of: "string", name: "item" },
});
const Map: Member["of"] = () => ({
  kind: "map",
  key: { of: "string" },
  value: { of: "integer", name: "V" },
});

const assume = operation({
  name: "AssumeRole",
  method: "POST",
  input: () =>
    structure({
      RoleArn: { of: "string" },
      Seconds: { of: "integer", name: "DurationSeconds" },
      Tags: {
        of: () => ({
          kind: "list",
          item: {
            of: () =>
              structure({ Key: { of: "string" }, At: { of: "timestamp" } }),
          },
        }),
      },
      Names: { of: Named },
      Flat: { of: Strings, flat: true },
      None: { of: Strings },
      Map: { of: Map },
      FlatMap: { of: Map, flat: true },
      NoMap: { of: Map },
      Token: { of: "string", token: true },
    }),
  output: () => structure({ Arn: { of: "string" } }),
});

function form(input: Readonly<Record<string, unknown>>): string[] {
  const { body } = query.serialize(assume, input, () => "uuid");
  return `${body}`.split("&").slice(2);
}

Deno.test("queryProtocol posts a form", () => {
  const draft = query.serialize(
    assume,
    { RoleArn: "arn:a/b c+ü*~", Token: "t" },
    () => "uuid",
  );

  assertEquals(draft, {
    method: "POST",
    path: "/",
    query: [],
    headers: {
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    },
    body:
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aa%2Fb+c%2B%C3%BC%2A~&Token=t",
    streamed: false,
    context: {},
  });
});

Deno.test("queryProtocol makes the tokens that the caller does not give", () => {
  assertEquals(form({}), ["Token=uuid"]);
});

for (
  const [what, input, params] of [
    ["numbers", { Seconds: 900 }, ["DurationSeconds=900"]],
    ["lists", { Names: ["a", "b"] }, ["Names.item.1=a", "Names.item.2=b"]],
    ["flat lists", { Flat: ["a", "b"] }, ["Flat.1=a", "Flat.2=b"]],
    ["empty lists", { None: [] }, ["None="]],
    [
      "lists of structures",
      { Tags: [{ Key: "k" }, { At: new Date(0) }] },
      ["Tags.member.1.Key=k", "Tags.member.2.At=1970-01-01T00%3A00%3A00Z"],
    ],
    [
      "maps",
      { Map: { a: 1, b: 2 } },
      [
        ...["Map.entry.1.key=a", "Map.entry.1.V=1"],
        ...["Map.entry.2.key=b", "Map.entry.2.V=2"],
      ],
    ],
    ["flat maps", { FlatMap: { a: 1 } }, ["FlatMap.1.key=a", "FlatMap.1.V=1"]],
  ] as const
) {
  Deno.test(`queryProtocol writes ${what} as parameters`, () => {
    assertEquals(form(input), [...params, "Token=uuid"]);
  });
}

Deno.test("queryProtocol leaves empty maps out", () => {
  assertEquals(form({ NoMap: {} }), ["Token=uuid"]);
});

Deno.test("queryProtocol reads the wrapped result and the id of the request", async () => {
  const answer = await query.deserialize(
    assume,
    responseOf(
      "<AssumeRoleResponse xmlns='u'><AssumeRoleResult><Arn>a</Arn></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>",
    ),
  );

  assertEquals(answer, { output: { Arn: "a" }, requestId: "r" });
});

Deno.test("queryProtocol reads a result without a wrapper, and refuses none", async () => {
  const bare = await query.deserialize(
    { ...assume, wrapper: "Other" },
    responseOf("<r><Arn>a</Arn><RequestId>r</RequestId></r>"),
  );

  assertEquals(bare, { output: { Arn: "a" }, requestId: "r" });
  for (const body of ["", "<AssumeRoleResponse/>", "<html><p>hi</p></html>"]) {
    await assertRejects(
      () => query.deserialize(assume, responseOf(body)),
      ProtocolError,
      "Cannot read the answer to AssumeRole: its ",
    );
  }
});

Deno.test("queryProtocol throws the error of the service", async () => {
  const error = await assertRejects(
    () =>
      query.deserialize(
        assume,
        responseOf(
          "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>",
          { status: 403 },
        ),
      ),
    ServiceError,
  );

  assertEquals(error.message, "AccessDenied (AssumeRole, 403, request r): no");
  assertEquals(error.detail.fields, { Type: "Sender" });
});

Deno.test("queryProtocol refuses a success that is no document", async () => {
  await assertRejects(
    () => query.deserialize(assume, responseOf("<html><br></html>")),
    ProtocolError,
  );
});
