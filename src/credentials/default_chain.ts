/**
 * The order that boto3 users know.
 *
 * @module
 */
import type { CredentialProvider } from "../ports/credentials.ts";
import { assumeRoleProvider } from "./assume_role.ts";
import type { ChainContext } from "./context.ts";
import { containerProvider } from "./container.ts";
import { envProvider } from "./env.ts";
import { instanceProvider } from "./instance.ts";
import { configFileProvider, sharedFileProvider } from "./static_keys.ts";

export type { ChainContext, MfaCode, ProfileChoice } from "./context.ts";

/**
 * Makes the providers of the default chain, in boto3's order. A profile that is
 * chosen in code takes the environment's keys out of it.
 *
 * @param context What they need of their surroundings.
 */
export function defaultProviders(
  context: ChainContext,
): readonly CredentialProvider[] {
  const { profile } = context;
  const env = envProvider(context);
  const container = containerProvider(context);
  const instance = instanceProvider({
    ...context,
    ...profile.section && { section: profile.section },
  });
  const inCode = profile.source.kind === "code";
  return [
    ...inCode ? [] : [env],
    assumeRoleProvider({
      ...context,
      profile: profile.name,
      sourceProviders: (name) => profileProviders(context, name),
      named: {
        Environment: env,
        EcsContainer: container,
        Ec2InstanceMetadata: instance,
      },
    }),
    ...profileProviders(context, profile.name),
    container,
    instance,
  ];
}

/** What a profile can say beside roles. */
function profileProviders(
  { profiles }: ChainContext,
  profile: string,
): readonly CredentialProvider[] {
  return [
    sharedFileProvider({ profiles, profile }),
    configFileProvider({ profiles, profile }),
  ];
}
