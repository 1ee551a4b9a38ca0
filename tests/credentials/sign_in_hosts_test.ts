import { assertEquals, assertThrows } from "@std/assert";
import {
  oidcOrigin,
  portalOrigin,
  signInOrigin,
} from "../../src/credentials/exchange.ts";
import { ConfigError } from "../../src/foundation/errors.ts";

Deno.test("the hosts of sign-in follow the partition of the region", () => {
  assertEquals(
    portalOrigin("eu-west-1"),
    "https://portal.sso.eu-west-1.amazonaws.com",
  );
  assertEquals(
    oidcOrigin("cn-north-1"),
    "https://oidc.cn-north-1.amazonaws.com.cn",
  );
  assertEquals(
    oidcOrigin("us-gov-west-1"),
    "https://oidc.us-gov-west-1.amazonaws.com",
  );
  assertEquals(
    portalOrigin("us-iso-east-1"),
    "https://portal.sso.us-iso-east-1.c2s.ic.gov",
  );
  assertEquals(
    signInOrigin("eu-west-1"),
    "https://eu-west-1.signin.aws.amazon.com",
  );
  assertEquals(
    signInOrigin("cn-north-1"),
    "https://cn-north-1.signin.amazonaws.cn",
  );
  assertEquals(
    signInOrigin("us-gov-west-1"),
    "https://us-gov-west-1.signin.amazonaws-us-gov.com",
  );
  assertEquals(
    signInOrigin("eusc-de-east-1"),
    "https://signin.eusc-de-east-1.amazonaws.eu",
  );
});

Deno.test("the hosts of sign-in lead nowhere else", () => {
  for (const region of ["", "evil.com", "a/b", "a#", "-a", "a-", "a@b"]) {
    assertThrows(() => portalOrigin(region), ConfigError, "Cannot sign in");
    assertThrows(() => signInOrigin(region), ConfigError, "Cannot sign in");
  }
});
