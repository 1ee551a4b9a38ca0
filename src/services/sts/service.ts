/**
 * STS, as the session sees it.
 *
 * @module
 */
import type { ServiceDefinition } from "../../ports/service.ts";
import { stsEndpoint } from "./endpoint.ts";
import { type STSConfig, stsSettings } from "./settings.ts";

/** Facts of STS. */
export const sts: ServiceDefinition<STSConfig> = {
  id: "sts",
  protocol: async () => {
    const { queryProtocol } = await import("../../protocol/query.ts");
    return queryProtocol("2011-06-15");
  },
  endpoint: stsEndpoint,
  settings: stsSettings,
  regionless: true,
};
