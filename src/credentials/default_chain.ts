/**
 * The order that boto3 users know.
 *
 * @module
 */
import type { CredentialProvider } from "../ports/credentials.ts";
import { find, provider } from "./resolution.ts";
import { assumeRoleProvider } from "./assume_role.ts";
import { boto2FileProvider } from "./boto2_file.ts";
import { containerProvider } from "./container.ts";
import type { ChainContext, SignInService } from "./context.ts";
import { ec2FileProvider } from "./ec2_file.ts";
import { envProvider } from "./env.ts";
import { instanceProvider } from "./instance.ts";
import { loginProvider } from "./login.ts";
import { processProvider } from "./process.ts";
import { textIn } from "./section.ts";
import { ssoProvider } from "./sso.ts";
import { configFileProvider, sharedFileProvider } from "./static_keys.ts";
import { webIdentityProvider } from "./web_identity.ts";

export type { ReadSections } from "./boto2_file.ts";
export type {
  ChainContext,
  MfaCode,
  ProfileChoice,
  SignInEndpoint,
  SignInService,
} from "./context.ts";

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
  const inCode = profile.source.kind === "code";
  const env = envProvider(context);
  const container = containerProvider(context);
  const instance = instanceProvider({
    ...context,
    ...profile.section && { section: profile.section },
  });
  const sourceProviders = (name: string): readonly CredentialProvider[] =>
    profileProviders(context, name, "ignored");
  const providers = [
    ...inCode ? [] : [env],
    assumeRoleProvider({
      ...context,
      profile: profile.name,
      sourceProviders,
      named: {
        Environment: env,
        EcsContainer: container,
        Ec2InstanceMetadata: instance,
      },
    }),
    ...profileProviders(context, profile.name, inCode ? "ignored" : "counts"),
    ec2FileProvider(context),
    boto2FileProvider(context),
    container,
  ];
  return "blind" in context.system && context.system.blind
    ? [...providers.map(notOnThisRuntime), instance]
    : [...providers, instance];
}

/** A source that the runtime does not show is not one that has nothing. */
function notOnThisRuntime(asked: CredentialProvider): CredentialProvider {
  return provider(asked.name, async (signal) => {
    const resolution = await find(asked, signal);
    return resolution.kind === "absent"
      ? { kind: "absent", why: "not on this runtime, which does not show it" }
      : resolution;
  });
}

/** What a profile can say beside roles that it assumes with other credentials. */
function profileProviders(
  context: ChainContext,
  profile: string,
  environment: "counts" | "ignored",
): readonly CredentialProvider[] {
  const deps = { ...context, profile };
  const region = regionOf(context);
  const { signInTransport: transport = context.transport, signInEndpoint } =
    context;
  const signIn = {
    ...deps,
    transport,
    endpoint: (service: SignInService) => signInEndpoint?.(service, context),
  };
  return [
    webIdentityProvider({ ...deps, environment }),
    ssoProvider(signIn),
    sharedFileProvider(deps),
    loginProvider({ ...signIn, ...region !== undefined && { region } }),
    processProvider(deps),
    configFileProvider(deps),
  ];
}

/** The region of the profile that counts, also for its source profiles. */
function regionOf(
  { region, system, profile }: ChainContext,
): string | undefined {
  if (region !== undefined) return region;
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION"]) {
    const found = system.env(name);
    if (found.kind === "found" && found.value !== "") return found.value;
  }
  return textIn(profile.section, "region") || undefined;
}
