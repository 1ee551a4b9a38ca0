import { assertEquals } from "@std/assert";
import { s3Settings } from "../../../src/services/s3/settings.ts";

Deno.test("each setting of S3 has its names outside, and its default", () => {
  const table = Object.fromEntries(
    s3Settings.map(({ env, fallback, name, profile }) => [
      name,
      [env?.join(), profile?.join(), fallback],
    ]),
  );

  assertEquals(table, {
    addressingStyle: [undefined, "s3.addressing_style", "auto"],
    useAccelerateEndpoint: [undefined, "s3.use_accelerate_endpoint", false],
    useDualstackEndpoint: [
      "AWS_USE_DUALSTACK_ENDPOINT",
      "s3.use_dualstack_endpoint,use_dualstack_endpoint",
      false,
    ],
    usEast1Endpoint: [
      "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
      "s3_us_east_1_regional_endpoint,s3.us_east_1_regional_endpoint",
      "regional",
    ],
    useArnRegion: [
      "AWS_S3_USE_ARN_REGION",
      "s3_use_arn_region,s3.use_arn_region",
      true,
    ],
    payloadSigning: [undefined, "s3.payload_signing_enabled", undefined],
    store: [undefined, undefined, undefined],
    requestChecksum: [
      "AWS_REQUEST_CHECKSUM_CALCULATION",
      "request_checksum_calculation",
      undefined,
    ],
    responseChecksum: [
      "AWS_RESPONSE_CHECKSUM_VALIDATION",
      "response_checksum_validation",
      undefined,
    ],
    disableS3ExpressSessionAuth: [
      "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
      "s3_disable_express_session_auth",
      false,
    ],
    disableMultiRegionAccessPoints: [
      "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
      "s3.s3_disable_multiregion_access_points,s3_disable_multiregion_access_points",
      false,
    ],
  });
});

Deno.test("the old word for the global host is understood", () => {
  const row = s3Settings.find(({ name }) => name === "usEast1Endpoint");

  assertEquals(row?.read?.("legacy"), "global");
  assertEquals(row?.accepts("global"), true);
  assertEquals(row?.accepts("legacy"), false);
});

Deno.test("checksum words are read in any case of letters", () => {
  const row = s3Settings.find(({ name }) => name === "requestChecksum");

  assertEquals(row?.read?.("WHEN_REQUIRED"), "when_required");
  assertEquals(row?.read?.("never"), undefined);
});
