/**
 * Where we differ from the recorded searches for credentials on purpose.
 *
 * @module
 */
import type {
  CaseKeys,
  CaseRequest,
  CredentialCase,
} from "./credential_cases.ts";
import { type Deviation, deviation } from "./entries.ts";

const suite = "credential-chain.json";

/** STS at its global or a regional host. */
const STS = /^https:\/\/sts\.(?:[a-z\d-]+\.)?amazonaws\.com\//;

/** The deviations of `credential-chain.json`. */
export const CREDENTIAL_DEVIATIONS: readonly Deviation<unknown>[] = [
  deviation<CredentialCase>({
    suite,
    applies: ({ env, expect }) =>
      Boolean(env["AWS_REGION"]) &&
      env["AWS_STS_REGIONAL_ENDPOINTS"] !== "legacy" &&
      (expect.requests ?? []).some(({ url }) => STS.test(url)),
    expect: (vector) => ({
      ...vector,
      expect: {
        ...vector.expect,
        requests: (vector.expect.requests ?? []).map((request) =>
          inRegion(request, vector.env["AWS_REGION"] ?? "")
        ),
      },
    }),
    reason: "AWS_REGION is read, as all SDKs but boto3 do",
  }),
  deviation<CredentialCase>({
    suite,
    applies: ({ http, expect: { requests = [] } }) =>
      requests.length === 2 && http.every(hasKeys) &&
      JSON.stringify(requests[0]) === JSON.stringify(requests[1]),
    expect: (vector) => ({
      ...vector,
      expect: {
        ...vector.expect,
        requests: (vector.expect.requests ?? []).slice(0, 1),
      },
    }),
    reason: "credentials that have just come are not asked for again at once",
  }),
  deviation<CredentialCase>({
    suite,
    applies: ({ env, expect: { error = "" } }) =>
      error.startsWith("InvalidIMDSEndpoint") &&
      env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true",
    expect: (vector) => ({ ...vector, expect: { credentials: null } }),
    reason: "a setting of a source that is switched off does not count",
  }),
  deviation<CredentialCase>({
    suite,
    applies: ({ env, expect: { error = "" } }) =>
      error.startsWith("InvalidIMDSEndpoint") && hasEnvKeys(env),
    expect: (vector) => ({
      ...vector,
      expect: {
        method: "env",
        credentials: {
          accessKeyId: vector.env["AWS_ACCESS_KEY_ID"] ?? "",
          secretAccessKey: vector.env["AWS_SECRET_ACCESS_KEY"] ?? "",
        },
      },
    }),
    reason: "a setting of a source that is not asked does not count",
  }),
  deviation<CredentialCase>({
    suite,
    applies: ({ expect: { credentials } }) =>
      credentials?.accessKeyId === "" || credentials?.secretAccessKey === "",
    expect: (vector) => ({
      ...vector,
      expect: { error: "PartialCredentialsError" },
    }),
    reason: "empty keys are refused where they stand, not by the service",
  }),
  deviation<CredentialCase>({
    suite,
    applies: ({ expect: { error }, files }) =>
      error === "MissingDependencyException" && loginKeys(files) === undefined,
    expect: (vector) => ({
      ...vector,
      expect: { error: "LoginTokenLoadError" },
    }),
    reason: "aws login needs no other package, only its session",
  }),
  deviation<CredentialCase>({
    suite,
    applies: ({ expect: { error }, files }) =>
      error === "MissingDependencyException" && loginKeys(files) !== undefined,
    expect: (vector) => {
      const keys = loginKeys(vector.files);
      if (keys === undefined) return vector;
      const { expiresAt, ...credentials } = keys;
      return {
        ...vector,
        expect: { method: "login", credentials, expiration: expiresAt },
      };
    },
    reason: "aws login needs no other package",
  }),
];

function inRegion(request: CaseRequest, region: string): CaseRequest {
  if (!STS.test(request.url)) return request;
  return {
    ...request,
    url: request.url.replace(STS, `https://sts.${region}.amazonaws.com/`),
    ...request.signingRegion !== undefined && { signingRegion: region },
  };
}

/** The credentials that `aws login` left, if they are whole. */
function loginKeys(
  files: CredentialCase["files"],
): CaseKeys & { readonly expiresAt: string } | undefined {
  const cached = Object.entries(files).find(([path]) =>
    path.includes("login/cache/")
  );
  return cached === undefined ? undefined : JSON.parse(cached[1]).accessToken;
}

function hasKeys({ body = "" }: CredentialCase["http"][number]): boolean {
  return body.startsWith("{") && "AccessKeyId" in JSON.parse(body);
}

function hasEnvKeys(env: CredentialCase["env"]): boolean {
  return Boolean(env["AWS_ACCESS_KEY_ID"] && env["AWS_SECRET_ACCESS_KEY"]) &&
    !env["AWS_SESSION_TOKEN"] && !env["AWS_SECURITY_TOKEN"];
}
