/**
 * Corrections of the STS model.
 *
 * @module
 */
import type { Corrections } from "./corrections.ts";

const API = "https://docs.aws.amazon.com/STS/latest/APIReference";

const page = (operation: string): string => `${API}/API_${operation}.html`;

const ISSUES = {
  idempotent: true,
  why: "hands out credentials and keeps nothing on the service's side",
};

const WITH_MFA = {
  ...ISSUES,
  unlessGiven: ["TokenCode"],
  why: `${ISSUES.why}; but a code of an MFA device is accepted once`,
};

/** Corrections of the STS model. */
export const stsCorrections: Corrections = {
  model: "sts/2011-06-15",
  className: "STS",
  title: "AWS Security Token Service",
  page,
  repetitions: {
    AssumeRole: WITH_MFA,
    AssumeRoleWithSAML: ISSUES,
    AssumeRoleWithWebIdentity: ISSUES,
    AssumeRoot: ISSUES,
    DecodeAuthorizationMessage: { idempotent: true, why: "only reads" },
    GetAccessKeyInfo: { idempotent: true, why: "only reads" },
    GetCallerIdentity: { idempotent: true, why: "only reads" },
    GetDelegatedAccessToken: {
      idempotent: false,
      why: "a token that is traded in is used up",
    },
    GetFederationToken: ISSUES,
    GetSessionToken: WITH_MFA,
    GetWebIdentityToken: ISSUES,
  },
  uses: {},
  secrets: {
    "Credentials.SessionToken":
      "one of the three parts of a working set of credentials",
    "AssumeRoleRequest.TokenCode": "a one-time password",
    "GetSessionTokenRequest.TokenCode": "a one-time password",
    "ProvidedContext.ContextAssertion": "a signed statement about a person",
  },
  harmless: {
    SubjectFromWebIdentityToken: "who the token speaks of, not the token",
  },
  alwaysThere: {
    "AssumeRoleResponse.Credentials": page("AssumeRole"),
    "AssumeRoleResponse.AssumedRoleUser": page("AssumeRole"),
    "AssumeRoleWithSAMLResponse.Credentials": page("AssumeRoleWithSAML"),
    "AssumeRoleWithWebIdentityResponse.Credentials": page(
      "AssumeRoleWithWebIdentity",
    ),
    "AssumeRootResponse.Credentials": page("AssumeRoot"),
    "DecodeAuthorizationMessageResponse.DecodedMessage": page(
      "DecodeAuthorizationMessage",
    ),
    "GetAccessKeyInfoResponse.Account": page("GetAccessKeyInfo"),
    "GetCallerIdentityResponse.Account": page("GetCallerIdentity"),
    "GetCallerIdentityResponse.Arn": page("GetCallerIdentity"),
    "GetCallerIdentityResponse.UserId": page("GetCallerIdentity"),
    "GetDelegatedAccessTokenResponse.Credentials": page(
      "GetDelegatedAccessToken",
    ),
    "GetFederationTokenResponse.Credentials": page("GetFederationToken"),
    "GetFederationTokenResponse.FederatedUser": page("GetFederationToken"),
    "GetSessionTokenResponse.Credentials": page("GetSessionToken"),
    "GetWebIdentityTokenResponse.Expiration": page("GetWebIdentityToken"),
    "GetWebIdentityTokenResponse.WebIdentityToken": page("GetWebIdentityToken"),
  },
  names: {},
  types: {},
  typeImports: {},
  errorCodes: {
    page: `${API}/CommonErrors.html`,
    codes: [
      "AccessDenied",
      "ExpiredToken",
      "InvalidClientTokenId",
      "SignatureDoesNotMatch",
      "Throttling",
    ],
  },
  entry: {
    doc: [
      "The client of AWS Security Token Service, with its types and operations.",
      "Methods of {@linkcode STS} are calls; the operations (`GetCallerIdentity`) are what `presign` is given.",
    ],
    example: `\`\`\`ts
import { Session } from "@inia/aws";
import { STS } from "@inia/aws/sts";

using session = new Session();
const { Account, Arn } = await session.client(STS).getCallerIdentity({});
console.log(Account, Arn);
\`\`\``,
    types: {
      "../../foundation/metadata.ts": ["ResponseBase", "ResponseMetadata"],
      "../../ports/caller.ts": [
        "CallOptions",
        "CallOverrides",
        "CustomFields",
        "ClientCore",
        "PresignedRequest",
        "PresignOptions",
      ],
      "../../ports/schema.ts": ["Operation"],
      "./service.ts": ["STSConfig"],
    },
  },
  summaries: {
    AssumeRole: "Gets temporary credentials of a role.",
    AssumeRoleWithSAML:
      "Gets temporary credentials of a role for the bearer of a SAML assertion. Nothing is signed.",
    AssumeRoleWithWebIdentity:
      "Gets temporary credentials of a role for the bearer of an identity provider's token. Nothing is signed.",
    AssumeRoot:
      "Gets short-lived root credentials of a member account, for one task.",
    DecodeAuthorizationMessage:
      "Reads the encoded details of a refused request.",
    GetAccessKeyInfo: "Returns the account that an access key belongs to.",
    GetCallerIdentity:
      "Returns the account, user id and ARN that the call is signed for.",
    GetDelegatedAccessToken:
      "Trades a token in for credentials that someone delegated.",
    GetFederationToken:
      "Gets temporary credentials for a person whom the caller vouches for.",
    GetSessionToken: "Gets temporary credentials of the caller's own.",
    GetWebIdentityToken:
      "Gets a signed token that proves the caller's identity to others.",
  },
  members: {
    AccessKeyId: "Public part of the key.",
    Account: "Account, 12 digits.",
    DurationSeconds: "Life of the credentials, in seconds.",
    Expiration: "When it stops working.",
    ExternalId: "What the role's owner asks callers to name.",
    Policy: "Policy that narrows the rights further, as JSON text.",
    PolicyArns: "Managed policies that narrow the rights further.",
    RoleArn: "Role to assume.",
    RoleSessionName: "Name of the session, shown in logs.",
    SecretAccessKey: "Secret part of the key.",
    SerialNumber: "MFA device.",
    SessionToken: "Token that belongs to the key.",
    SourceIdentity: "Who is behind the session, for logs.",
    Tags: "Tags of the session.",
    TokenCode: "Current code of the MFA device.",
  },
};
