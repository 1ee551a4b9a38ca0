import { assertEquals } from "@std/assert";
import { ServiceError } from "../../src/foundation/errors.ts";
import { PreconditionError } from "../../src/foundation/precondition_error.ts";

Deno.test("PreconditionError carries the facts of the refused call", () => {
  const cause = new ServiceError("no", {
    code: "PreconditionFailed",
    operation: "PutObject",
    status: 412,
    headers: {},
    fields: {},
  });
  const metadata = { HTTPHeaders: {}, RetryAttempts: 0, Attempts: [] };
  cause.ResponseMetadata = metadata;

  const error = new PreconditionError("exists", "Cannot create", { cause });

  assertEquals(error.name, "PreconditionError");
  assertEquals(error.kind, "exists");
  assertEquals(error.cause, cause);
  assertEquals(error.ResponseMetadata, metadata);
});

Deno.test("PreconditionError stands without a cause", () => {
  const error = new PreconditionError("changed", "Cannot replace");

  assertEquals(error.ResponseMetadata, undefined);
});
