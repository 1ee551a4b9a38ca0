/**
 * Refusals as the services write them.
 *
 * @module
 */
import type { PlainResponse } from "../http_message.ts";
import type { Code, S3Error } from "./s3_error.ts";
import { element, fields, writeXml } from "./xml.ts";

/** The ids of a request, for support cases. */
export interface RequestIds {
  /** Id of the request. */
  readonly requestId: string;
  /** S3's second id. */
  readonly hostId: string;
}

/** What STS calls a refusal that S3 calls otherwise; its status is 403. */
const STS_CODES: Readonly<Partial<Record<Code, string>>> = {
  AccessDenied: "AccessDenied",
  AuthorizationHeaderMalformed: "SignatureDoesNotMatch",
  AuthorizationQueryParametersError: "SignatureDoesNotMatch",
  ExpiredToken: "ExpiredToken",
  InvalidAccessKeyId: "InvalidClientTokenId",
  InvalidToken: "InvalidClientTokenId",
  RequestTimeTooSkewed: "SignatureDoesNotMatch",
};

/** A refusal of S3. */
export function s3Error(
  refusal: S3Error,
  { requestId, hostId }: RequestIds,
  path: string,
): PlainResponse {
  const root = element(
    "Error",
    fields({
      Code: refusal.code,
      Message: refusal.message,
      ...refusal.details,
      Resource: path,
      RequestId: requestId,
      HostId: hostId,
    }),
  );
  return {
    status: refusal.status,
    headers: { "content-type": "application/xml" },
    body: writeXml(root),
  };
}

/** A refusal of STS. */
export function stsError(
  refusal: S3Error,
  { requestId }: RequestIds,
): PlainResponse {
  const code = STS_CODES[refusal.code];
  const root = element(
    "ErrorResponse",
    element(
      "Error",
      fields({
        Type: "Sender",
        Code: code ?? refusal.code,
        Message: refusal.message,
      }),
    ),
    element("RequestId", requestId),
  );
  return {
    status: code === undefined ? refusal.status : 403,
    headers: { "content-type": "text/xml" },
    body: writeXml(root, "https://sts.amazonaws.com/doc/2011-06-15/"),
  };
}
