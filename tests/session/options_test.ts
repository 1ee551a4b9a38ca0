import { assertEquals, assertThrows } from "@std/assert";
import { refuseUnknown } from "../../src/session/options.ts";
import { ConfigError } from "../../src/foundation/errors.ts";

const KNOWN = ["region", "endpointUrl"];

Deno.test("refuseUnknown lets known options through, whatever their value", () => {
  refuseUnknown("a client", { region: undefined }, KNOWN);
});

for (
  const [options, hint] of [
    [{ endpointurl: "x" }, 'did you mean "endpointUrl"?'],
    [{ region_name: "x" }, "what boto3 calls so is region"],
    [{ verify: false }, "what boto3 calls so is caCerts"],
    [{ profile: "dev" }, "it is an option of the session"],
    [
      { colour: 1 },
      "the options are region, endpointUrl; those of one service are given to its client",
    ],
  ] as const
) {
  const [name] = Object.keys(options);

  Deno.test(`refuseUnknown tells what was meant by ${name}`, () => {
    const error = assertThrows(
      () => refuseUnknown("a client", options, KNOWN),
      ConfigError,
    );

    assertEquals(error.code, "UnknownOption");
    assertEquals(
      error.message,
      `Cannot set "${name}" on a client: there is no such option; ${hint}`,
    );
  });
}

Deno.test("refuseUnknown wants an object", () => {
  assertThrows(
    () => refuseUnknown("a session", Object("eu-west-1").valueOf(), KNOWN),
    ConfigError,
    "the options must be an object",
  );
});
