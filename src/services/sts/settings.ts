/**
 * The settings that only STS has.
 *
 * @module
 */
import type { ClientConfig, Setting } from "../../ports/config.ts";
import { oneOf } from "../../foundation/setting_values.ts";

/** Settings of an STS client. */
export interface STSConfig extends ClientConfig {
  /**
   * Host for the older regions: that of the region, or the global one, whose
   * tokens newer regions may refuse. Default: `AWS_STS_REGIONAL_ENDPOINTS`, the
   * profile's `sts_regional_endpoints`, `"regional"`.
   */
  readonly endpointMode?: "legacy" | "regional";
}

/** Where the settings of STS may be set. */
export const stsSettings: readonly Setting<unknown>[] = [
  {
    name: "endpointMode",
    env: ["AWS_STS_REGIONAL_ENDPOINTS"],
    profile: ["sts_regional_endpoints"],
    ...oneOf(["regional", "legacy"]),
    fallback: "regional",
  },
];
