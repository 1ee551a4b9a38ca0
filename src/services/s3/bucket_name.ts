/**
 * What may stand where a bucket is asked for.
 *
 * @module
 */
import { ValidationError } from "../../foundation/errors.ts";
import { isIpv4 } from "../../endpoint/custom.ts";
import { isHostLabel, isHostName } from "../../endpoint/regional.ts";

// In a path, "." and ".." would be removed and name something else.
const NAME = /^(?!\.{1,2}$)[\w.-]{1,255}$/;
// The part after `arn:aws` is the rest of a partition's name.
const ACCESS_POINT_ARN =
  /^arn:aws[^:]*:s3(?:-object-lambda)?:[a-z\d-]*:\d{12}:accesspoint[:/][a-zA-Z\d.-]{1,63}$/;
const OUTPOST_ARN =
  /^arn:aws[^:]*:s3-outposts:[a-z\d-]+:\d{12}:outpost[:/][a-zA-Z\d-]{1,63}[:/]accesspoint[:/][a-zA-Z\d-]{1,63}$/;

/** Whether a text can stand where a bucket is asked for. */
export function isBucketName(text: string): boolean {
  return NAME.test(text) || ACCESS_POINT_ARN.test(text) ||
    OUTPOST_ARN.test(text);
}

/**
 * Refuses what is neither the name of a bucket nor an ARN in its place, before
 * it gets into a host or a path.
 *
 * @param operation Name of the operation, for the error.
 * @param bucket The text to check.
 * @throws {ValidationError} If it is none.
 */
export function checkBucketName(operation: string, bucket: string): void {
  if (isBucketName(bucket)) return;
  throw new ValidationError(operation, [{
    path: "Bucket",
    problem: "is neither a bucket name (1 to 255 of a-z, A-Z, 0-9, '.', '-' " +
      "and '_') nor the ARN of an access point",
  }]);
}

/**
 * Whether a bucket's name can be put before a host name.
 *
 * @param name The name.
 * @param dots Whether it may hold dots, which no certificate of S3 covers.
 */
export function isVirtualHostable(name: string, dots: boolean): boolean {
  return name.length >= 3 && name === name.toLowerCase() && !isIpv4(name) &&
    (dots ? isHostName(name) : isHostLabel(name));
}
