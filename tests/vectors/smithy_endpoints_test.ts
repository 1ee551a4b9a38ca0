import { assertEquals } from "@std/assert";
import { specialEndpoint as s3Endpoint } from "../../src/services/s3/special_endpoints.ts";
import type { S3Config } from "../../src/services/s3/service.ts";
import { vectorTest } from "./suite.ts";

/** Options of a client or of one operation, in the file's spelling. */
interface ScopedConfig {
  readonly region?: string;
  readonly s3?: {
    readonly "addressing_style"?: NonNullable<S3Config["addressingStyle"]>;
    readonly "use_accelerate_endpoint"?: boolean;
    readonly "use_dualstack_endpoint"?: boolean;
  };
}

interface AddressingCase {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly uri: string;
  readonly resolvedHost?: string;
  readonly params: { readonly Bucket?: string };
  readonly vendorParams?: {
    readonly scopedConfig?: {
      readonly client?: ScopedConfig;
      readonly operation?: ScopedConfig;
    };
  };
}

vectorTest<AddressingCase>({
  file: "smithy-s3.json",
  section: "addressing",
  cases: (data) =>
    (data as AddressingCase[]).filter(({ resolvedHost }) =>
      resolvedHost !== undefined
    ),
  name: ({ id }) => id,
  run: ({ params, resolvedHost, target, uri, vendorParams }) => {
    const { client, operation } = vendorParams?.scopedConfig ?? {};
    const s3 = { ...client?.s3, ...operation?.s3 };
    const found = s3Endpoint({
      operation: target,
      context: params.Bucket === undefined ? {} : { Bucket: params.Bucket },
      settings: {
        addressingStyle: s3.addressing_style ?? "auto",
        useAccelerateEndpoint: s3.use_accelerate_endpoint ?? false,
        useDualstackEndpoint: s3.use_dualstack_endpoint ?? false,
      },
      ...client?.region === undefined ? {} : { region: client.region },
    });
    assertEquals(found.origin, `https://${resolvedHost}`);
    assertEquals(
      uri.startsWith(`${found.basePath}/`) || uri === found.basePath,
      true,
    );
  },
});
