import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Shape } from "../../src/ports/schema.ts";
import type { ModelOperation, ModelShape } from "../../tools/gen/model.ts";
import {
  type AnyOperation,
  type ServiceRules,
  tablesFrom,
} from "../../tools/gen/tables.ts";

type Shapes = Readonly<Record<string, ModelShape>>;

Deno.test("tablesFrom lets the traits of a use go before those of its shape", () => {
  const operation = build({ name: "Put", input: { shape: "In" } }, {
    In: {
      type: "structure",
      required: ["A"],
      members: {
        A: { shape: "Text", location: "querystring", locationName: "a" },
        B: { shape: "Text" },
      },
    },
    Text: {
      type: "string",
      location: "header",
      locationName: "x-text",
      sensitive: true,
      min: 3,
    },
  });

  assertEquals(operation.input().members, {
    A: {
      of: "string",
      at: "query",
      name: "a",
      min: 3,
      secret: true,
      required: true,
    },
    B: { of: "string", at: "header", name: "x-text", min: 3, secret: true },
  });
});

Deno.test("tablesFrom keeps only what differs from the habit", () => {
  const operation = build({ name: "Put", input: { shape: "In" } }, {
    In: {
      type: "structure",
      members: {
        Same: { shape: "Text", locationName: "Same" },
        InHeader: { shape: "HttpDate", location: "header" },
        InBody: { shape: "HttpDate" },
        Iso: { shape: "IsoDate", location: "header" },
        Epoch: { shape: "IsoDate", timestampFormat: "unixTimestamp" },
      },
    },
    Text: { type: "string", min: 0 },
    HttpDate: { type: "timestamp", timestampFormat: "rfc822" },
    IsoDate: { type: "timestamp", timestampFormat: "iso8601" },
  });

  assertEquals(operation.input().members, {
    Same: { of: "string" },
    InHeader: { of: "timestamp", at: "header" },
    InBody: { of: "timestamp", time: "http-date" },
    Iso: { of: "timestamp", at: "header", time: "iso8601" },
    Epoch: { of: "timestamp", time: "epoch" },
  });
});

Deno.test("tablesFrom makes one object of each shape, recursive ones too", () => {
  const operation = build({ name: "Put", input: { shape: "Node" } }, {
    Node: {
      type: "structure",
      members: { Next: { shape: "Node" }, All: { shape: "Nodes" } },
    },
    Nodes: {
      type: "list",
      flattened: true,
      member: { shape: "Node", locationName: "item" },
    },
  });

  const node = operation.input();
  const nodes = target(node, "All");
  assertStrictEquals(target(node, "Next"), node);
  assertEquals(node.members.All?.flat, true);
  assertEquals(nodes.kind === "list" ? nodes.item.name : undefined, "item");
});

Deno.test("tablesFrom names the root of a request's document", async (t) => {
  const members = { Text: { shape: "Text" } };
  const shapes = (shape: Partial<ModelShape>): Shapes => ({
    In: { type: "structure", members, ...shape },
    Text: { type: "string" },
  });

  await t.step("as the operation says", () => {
    const input = { shape: "In", locationName: "Root", xmlNamespace: "urn:a" };
    const { root } = build({ name: "Put", input }, shapes({}));
    assertEquals(root, { name: "Root", namespace: { uri: "urn:a" } });
  });
  await t.step("else as the shape says", () => {
    const shape = { locationName: "Ahoy", xmlNamespace: "urn:b" };
    const { root } = build(
      { name: "Put", input: { shape: "In" } },
      shapes(shape),
    );
    assertEquals(root, { name: "Ahoy", namespace: { uri: "urn:b" } });
  });
  await t.step("else after the shape", () => {
    const { root } = build({ name: "Put", input: { shape: "In" } }, shapes({}));
    assertEquals(root, { name: "In" });
  });
  await t.step("not where nothing travels in it", () => {
    const shape = { members: { Text: { shape: "Text", location: "header" } } };
    const { root } = build(
      { name: "Put", input: { shape: "In", locationName: "Root" } },
      shapes(shape),
    );
    assertEquals(root, undefined);
  });
});

Deno.test("tablesFrom names the root of a payload", async (t) => {
  const payloadName = (
    use: { locationName?: string; xmlNamespace?: string },
    shape: { locationName?: string } = {},
  ): string | undefined =>
    build({ name: "Put", input: { shape: "In" } }, {
      In: {
        type: "structure",
        payload: "Doc",
        members: { Doc: { shape: "Document", ...use } },
      },
      Document: { type: "structure", members: {}, ...shape },
    }).input().members.Doc?.name;

  await t.step("as the use says", () => {
    const name = payloadName({ locationName: "Hola" }, {
      locationName: "Hello",
    });
    assertEquals(name, "Hola");
  });
  await t.step("as the shape says where the use repeats the member", () => {
    const name = payloadName({ locationName: "Doc" }, {
      locationName: "Hello",
    });
    assertEquals(name, "Hello");
  });
  await t.step("after the shape where neither says", () => {
    assertEquals(payloadName({}), "Document");
  });
  await t.step("after the member where the use has a namespace", () => {
    const name = payloadName({ locationName: "Doc", xmlNamespace: "urn:a" });
    assertEquals(name, undefined);
  });
});

Deno.test("tablesFrom takes S3's bucket out of the path when told to", () => {
  const uri = (requestUri: string): ModelOperation => ({
    name: "Get",
    http: { method: "GET", requestUri },
  });
  const path = (requestUri: string, rules?: ServiceRules): string =>
    build(uri(requestUri), {}, rules).path;

  assertEquals(path("/{Bucket}/{Key+}?acl"), "/{Bucket}/{Key+}?acl");
  const rules = { bucketInEndpoint: true } as const;
  assertEquals(path("/{Bucket}/{Key+}?acl", rules), "/{Key+}?acl");
  assertEquals(path("/{Bucket}?acl", rules), "?acl");
  assertEquals(path("/{Bucket}", rules), "");
  assertEquals(path("/", rules), "/");
});

Deno.test("tablesFrom marks answers that may be errors in disguise", () => {
  const shapes: Shapes = {
    Doc: { type: "structure", members: { Text: { shape: "Text" } } },
    Raw: {
      type: "structure",
      payload: "Text",
      members: { Text: { shape: "Text" } },
    },
    Text: { type: "string" },
  };
  const mark = (output: ModelOperation["output"]): true | undefined =>
    build({ name: "Get", ...(output && { output }) }, shapes, {
      errorInSuccess: true,
    }).errorInSuccess;

  assertEquals(mark({ shape: "Doc" }), true);
  assertEquals(mark({ shape: "Raw" }), undefined);
  assertEquals(mark(undefined), undefined);
});

Deno.test("tablesFrom tells idempotence by the method, save where it is told", () => {
  const idempotent = (method: string, rules?: ServiceRules): boolean =>
    build({ name: "Do", http: { method } }, {}, rules).idempotent ?? false;

  assertEquals(idempotent("PUT"), true);
  assertEquals(idempotent("POST"), false);
  assertEquals(idempotent("POST", { idempotent: { Do: true } }), true);
  assertEquals(idempotent("PUT", { idempotent: { Do: false } }), false);
});

Deno.test("tablesFrom gives every operation the errors of its service", () => {
  const { errors } = build({ name: "Get" }, {
    Busy: {
      type: "structure",
      exception: true,
      error: { code: "BusyCode" },
      retryable: { throttling: true },
    },
    Locked: {
      type: "structure",
      exception: true,
      members: { By: { shape: "Text" } },
    },
    Plain: { type: "structure", exception: true, members: {} },
    Text: { type: "string" },
  });

  assertEquals(
    errors?.map(({ code, retryable, shape }) => [
      code,
      retryable,
      Object.keys(shape?.().members ?? {}),
    ]),
    [["BusyCode", "throttling", []], ["Locked", undefined, ["By"]]],
  );
});

Deno.test("tablesFrom says what it cannot build", () => {
  assertThrows(
    () => build({ name: "Get", input: { shape: "Missing" } }, {}).input(),
    TypeError,
    'The model has no shape "Missing"',
  );
  assertThrows(
    () => build({ name: "Get" }, { Odd: { type: "document" } }),
    TypeError,
    'Cannot build Odd: no type "document"',
  );
  assertThrows(
    () => build({ name: "Get", http: { method: "BREW" } }, {}),
    TypeError,
    'Cannot build Get: no method "BREW"',
  );
});

function build(
  operation: ModelOperation,
  shapes: Shapes,
  rules?: ServiceRules,
): AnyOperation {
  const { operations } = tablesFrom({
    metadata: { protocol: "rest-xml" },
    shapes,
    operations: { [operation.name]: operation },
  }, rules);
  const built = operations[operation.name];
  if (built === undefined) throw new Error(`${operation.name} was not built`);
  return built;
}

function target(shape: Shape, member: string): Shape {
  const of = shape.kind === "structure" ? shape.members[member]?.of : undefined;
  if (typeof of !== "function") throw new Error(`${member} has no shape`);
  return of();
}
