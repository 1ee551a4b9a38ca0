/** Types of the npm package, as `tsc` sees them; checked, never run. */
import { ServiceError, Session } from "@inia/aws";
import { connectS3 } from "@inia/aws/boto2";
import * as cli from "@inia/aws/cli";
import * as config from "@inia/aws/config";
import * as credentials from "@inia/aws/credentials";
import * as diagnostics from "@inia/aws/diagnostics";
import * as local from "@inia/aws/local";
import * as logging from "@inia/aws/logging";
import type * as ports from "@inia/aws/ports";
import * as resource from "@inia/aws/resource";
import * as retry from "@inia/aws/retry";
import { S3 } from "@inia/aws/s3";
import * as signing from "@inia/aws/signing";
import * as sts from "@inia/aws/sts";
import * as system from "@inia/aws/system";
import * as testing from "@inia/aws/testing";
import { downloadBytes } from "@inia/aws/transfer";
import * as transport from "@inia/aws/transport";

const session = new Session({ region: "eu-west-1" });
const s3 = session.client(S3);
const { Body, ETag } = await s3.getObject({ Bucket: "b", Key: "k" });
export const text: string = await Body.text();
export const tag: string | undefined = ETag;
export const whole = await downloadBytes(s3, { Bucket: "b", Key: "k" });
type Fits<A, B> = [A] extends [B] ? true : false;
type Input = Parameters<typeof s3.getObject>[0];
export const takesText: Fits<{ Bucket: string; Key: string }, Input> = true;
export const takesNumbers: Fits<{ Bucket: string; Key: number }, Input> = false;
export const takesOthers: Fits<"Kye", keyof Input> = false;
export type Clock = ports.Clock;
export const rest = [
  ServiceError,
  connectS3,
  cli,
  config,
  credentials,
  diagnostics,
  local,
  logging,
  resource,
  retry,
  signing,
  sts,
  system,
  testing,
  transport,
];
