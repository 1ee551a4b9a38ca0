import { assertEquals } from "@std/assert";
import { ClockSkew } from "../../src/client/after_failure.ts";
import { ServiceError, TransportError } from "../../src/foundation/errors.ts";
import { httpDate } from "../../src/foundation/timestamps.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";

const LOCAL = new Date("2024-02-29T12:00:00Z");
const SERVER = new Date("2024-02-29T13:00:00Z");
const HOUR_MS = 3_600_000;

const FACTS = {
  operation: "HeadObject",
  context: {},
  host: "s3.example",
  region: "us-east-1",
  signedAt: LOCAL,
};

Deno.test("ClockSkew learns a host's time from a refusal", () => {
  for (
    const code of ["RequestTimeTooSkewed", "RequestExpired", "403"]
  ) {
    const skew = new ClockSkew(new FixedClock(LOCAL));

    const correction = skew.recover(refusal(code, SERVER), FACTS);

    assertEquals(correction, { skewMs: HOUR_MS });
    assertEquals(skew.now("s3.example"), SERVER);
    assertEquals(skew.now("other.example"), LOCAL);
  }
});

Deno.test("ClockSkew corrects a parallel call that was signed before it learnt", () => {
  const skew = new ClockSkew(new FixedClock(LOCAL));
  const failure = refusal("RequestTimeTooSkewed", SERVER);

  skew.recover(failure, FACTS);

  assertEquals(skew.recover(failure, FACTS), { skewMs: HOUR_MS });
});

Deno.test("ClockSkew does not blame a clock that is right", () => {
  const skew = new ClockSkew(new FixedClock(LOCAL));
  const near = new Date(LOCAL.getTime() + 60_000);

  assertEquals(
    skew.recover(refusal("SignatureDoesNotMatch", near), FACTS),
    undefined,
  );
  assertEquals(skew.now("s3.example"), LOCAL);
});

Deno.test("ClockSkew looks at refusals of the time only", () => {
  const skew = new ClockSkew(new FixedClock(LOCAL));
  const closed = new TransportError("closed", "gone", { maybeSent: true });

  assertEquals(skew.recover(refusal("AccessDenied", SERVER), FACTS), undefined);
  assertEquals(skew.recover(closed, FACTS), undefined);
  assertEquals(skew.recover(refusal("403", undefined), FACTS), undefined);
});

Deno.test("ClockSkew does not believe an answer out of a cache", () => {
  const skew = new ClockSkew(new FixedClock(LOCAL));
  const { reason, detail } = refusal("RequestExpired", SERVER);
  const headers = { ...detail.headers, age: "3600" };

  const cached = new ServiceError(reason, { ...detail, headers });

  assertEquals(skew.recover(cached, FACTS), undefined);
});

function refusal(code: string, date: Date | undefined): ServiceError {
  return new ServiceError("no", {
    code,
    operation: "HeadObject",
    status: 403,
    headers: date ? { date: httpDate(date) } : {},
    fields: {},
  });
}
