import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Secrets } from "../../src/client/secrets.ts";
import { ServiceError, TransportError } from "../../src/foundation/errors.ts";
import type { StructureShape } from "../../src/ports/schema.ts";

const SECRET = 'wJalr/"quoted"\\EXAMPLEKEY';
const TOKEN = "FwoGZXIvYXdzEXAMPLE";
const CODE = "123456";

const SHAPE: StructureShape = {
  kind: "structure",
  members: {
    RoleArn: { of: "string" },
    TokenCode: { of: "string", secret: true },
    Keys: {
      of: () => ({ kind: "list", item: { of: "string", secret: true } }),
    },
    Owner: {
      of: () => ({
        kind: "structure",
        members: { Password: { of: "string", secret: true } },
      }),
    },
  },
};

Deno.test("Secrets takes what it knows out of a service's refusal, at any depth", () => {
  const secrets = new Secrets(SHAPE, {
    RoleArn: "arn:aws:iam::1:role/r",
    TokenCode: CODE,
    Keys: ["listed-key"],
    Owner: { Password: "hunter22" },
  });
  secrets.addCredentials({
    accessKeyId: "AKID",
    secretAccessKey: SECRET,
    sessionToken: TOKEN,
  });
  const planted = [SECRET, TOKEN, CODE, "listed-key", "hunter22"];
  const refusal = new ServiceError(`bad code ${CODE} for ${SECRET}`, {
    code: "AccessDenied",
    operation: "AssumeRole",
    status: 403,
    headers: { "x-echo": TOKEN },
    fields: { Deep: [{ Echo: planted.join(" ") }], When: new Date(0) },
  });
  refusal.ResponseMetadata = {
    HTTPHeaders: {},
    RetryAttempts: 0,
    Attempts: [],
  };

  const cleaned = secrets.removedFrom(refusal);

  assert(cleaned instanceof ServiceError);
  const shown = `${cleaned} ${cleaned.stack} ${
    Deno.inspect(cleaned, { depth: 9 })
  } ${JSON.stringify(cleaned)}`;
  for (const secret of planted) assert(!shown.includes(secret), secret);
  assertEquals(cleaned.code, "AccessDenied");
  assertEquals(cleaned.reason, "bad code <withheld> for <withheld>");
  assertEquals(cleaned.detail.fields.When, new Date(0));
  assertEquals(cleaned.ResponseMetadata, refusal.ResponseMetadata);
});

Deno.test("Secrets takes what it knows out of any other error of ours", () => {
  const secrets = new Secrets(SHAPE, { TokenCode: CODE });
  const error = new TransportError("closed", `cannot send ${CODE}`, {
    maybeSent: false,
  });

  const cleaned = secrets.removedFrom(error);

  assertEquals(cleaned, error);
  assertEquals(error.message, "cannot send <withheld>");
  assert(!error.stack?.includes(CODE));
});

Deno.test("Secrets leaves alone what is not ours and what is too short to be one", () => {
  const secrets = new Secrets(SHAPE, { TokenCode: "1" });
  const foreign = new TypeError("1 is not a function");
  const refusal = new ServiceError("try 1 more time", {
    code: "SlowDown",
    operation: "AssumeRole",
    status: 503,
    headers: {},
    fields: {},
  });

  assertEquals(secrets.removedFrom(foreign), foreign);
  const cleaned = secrets.removedFrom(refusal);
  assert(cleaned instanceof ServiceError);
  assertNotEquals(cleaned.reason.indexOf("1"), -1);
});
Deno.test("Secrets leaves texts that are too short to be one", () => {
  const secrets = new Secrets(SHAPE, { TokenCode: "1" });
  secrets.addCredentials({ accessKeyId: "AKID", secretAccessKey: "y" });

  assertEquals(secrets.hiddenIn("key 1 of many"), "key 1 of many");
});
