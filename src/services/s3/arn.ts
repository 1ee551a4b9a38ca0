/**
 * Names of AWS resources.
 *
 * @module
 */

/** The parts of an ARN. */
export interface Arn {
  /** Partition, for example `"aws"`. */
  readonly partition: string;
  /** Service, for example `"s3"`. */
  readonly service: string;
  /** Region; empty for resources of all regions. */
  readonly region: string;
  /** Account that owns the resource. */
  readonly account: string;
  /** What stands between colons or slashes after the account. */
  readonly resource: readonly string[];
}

/** Whether a text says that it is an ARN. */
export function isArn(text: string): boolean {
  return text.startsWith("arn:");
}

/**
 * Reads an ARN.
 *
 * @returns Its parts, or `undefined` where the text is none.
 */
export function parseArn(text: string): Arn | undefined {
  const [arn, partition, service, region, account, ...rest] = text.split(":");
  if (arn !== "arn" || !partition || !service) return undefined;
  if (region === undefined || account === undefined || !rest.join(":")) {
    return undefined;
  }
  const resource = rest.join("/").split("/");
  return { partition, service, region, account, resource };
}
