import { assertStringIncludes, assertThrows } from "@std/assert";
import { partitionsSource } from "../../../tools/gen/partitions.ts";

Deno.test("a partition is printed with the regions that its pattern misses", () => {
  const source = partitionsSource({
    partitions: [{
      id: "aws-x",
      regionRegex: "^xx\\-\\w+\\-\\d+$",
      regions: { "xx-north-1": {}, "aws-x-global": {} },
      outputs: {
        dnsSuffix: "example.com",
        dualStackDnsSuffix: "api.example",
        supportsDualStack: true,
        supportsFIPS: false,
      },
    }],
  });

  assertStringIncludes(
    source,
    `  {
    id: "aws-x",
    suffix: "example.com",
    dualstackSuffix: "api.example",
    dualstack: true,
    fips: false,
    pattern: /^xx-\\w+-\\d+$/,
    others: ["aws-x-global"],
  },`,
  );
});

Deno.test("a list without partitions is refused", () => {
  assertThrows(
    () => partitionsSource({ partitions: [] }),
    Error,
    "no partition",
  );
});
